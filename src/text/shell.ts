/** Writes commands for any POSIX shell. They are safe, whatever bytes their words hold. */
import type { ByteString } from './byte-string.js'

/** Stands for the temporary folder in a text. No path holds a NUL. */
const FOLDER = '\0'

/** The folder is fixed. The value of TMPDIR may hold characters that mount options cannot. */
const TEMPLATE = '/tmp/aufs-remount.XXXXXX'

/**
 * Writes one word of a command, in quotes only if it needs them.
 *
 * @example word("/it's") // "'/it'\\''s'"
 */
export function word(text: ByteString): ByteString {
  return text === '' ? "''" : text.split(FOLDER).map(quoted).join('"$dir"')
}

/** In single quotes only the single quote is special. Every other byte stands for itself, newline too. */
function quoted(text: ByteString): ByteString {
  return /^[\w@%+=:,./-]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** The length of a text after the shell has put the temporary folder in. */
export function lengthOf(text: ByteString): number {
  return text.length + (text.split(FOLDER).length - 1) * (TEMPLATE.length - FOLDER.length)
}

/** Symbolic links with plain names, in a temporary folder. They stand for paths that mount options cannot hold. */
export class Links {
  readonly #targets: ByteString[] = []

  /** The path of a link to a target, for {@link word}. */
  to(target: ByteString): ByteString {
    return `${FOLDER}/${this.#targets.push(target) - 1}`
  }

  /**
   * The commands, with others around them that make the links before and remove the folder after, however they end. On a
   * signal the shell calls `exit`, as dash runs the EXIT trap for nothing else.
   */
  around(commands: readonly ByteString[]): ByteString {
    if (this.#targets.length === 0) return lines(commands)
    return lines([
      '(',
      'set -e',
      `dir=$(mktemp -d ${TEMPLATE})`,
      `trap 'rm -rf "$dir"' EXIT`,
      `trap 'exit 1' HUP INT TERM`,
      ...this.#targets.map((target, name) => `ln -s ${word(target)} "$dir"/${name}`),
      ...commands,
      ')',
    ])
  }
}

function lines(texts: readonly ByteString[]): ByteString {
  return texts.map((text) => `${text}\n`).join('')
}

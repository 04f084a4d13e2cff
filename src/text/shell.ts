/** Shell text that is safe whatever bytes its words hold, for any POSIX shell. */
import type { ByteString } from './byte-string.js'

/** Stands for the temporary folder in a text; no path holds it. */
const FOLDER = '\0'

/** Written out, not left to TMPDIR: a name there may hold what mount options cannot. */
const TEMPLATE = '/tmp/aufs-remount.XXXXXX'

/**
 * One word of a command, in quotes only where it needs them.
 *
 * @example word("/it's") // "'/it'\\''s'"
 */
export function word(text: ByteString): ByteString {
  return text.split(FOLDER).map(quoted).join('"$dir"')
}

/** In single quotes nothing is special but the single quote; every other byte, newline too, stands for itself. */
function quoted(text: ByteString): ByteString {
  return /^[\w@%+=:,./-]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** How long a text is once the shell has put the temporary folder in. */
export function lengthOf(text: ByteString): number {
  return text.length + (text.split(FOLDER).length - 1) * (TEMPLATE.length - FOLDER.length)
}

/** Symbolic links with plain names, in a temporary folder, for paths that cannot be told as they are. */
export class Links {
  readonly #targets: ByteString[] = []

  /** The path of a link to a target, for {@link word}. */
  to(target: ByteString): ByteString {
    return `${FOLDER}/${this.#targets.push(target) - 1}`
  }

  /**
   * The commands, with the links there for as long as they run. The folder is removed however they end: a signal ends
   * the shell by `exit`, as dash runs the EXIT trap for nothing else.
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

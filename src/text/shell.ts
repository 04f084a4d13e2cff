/** Writes commands for any POSIX shell. They are safe, whatever bytes their words hold. */
import type { ByteString } from './byte-string.js'

/** Stands for the temporary folder in a text. No path holds a NUL. */
const FOLDER = '\0'

/** The folders are fixed. The value of TMPDIR may hold characters that mount options cannot. */
export const TEMPORARY = '/tmp/aufs-remount.XXXXXX'
/** What must be there as long as a mount is: nothing cleans this folder up but a new start of the machine. */
const LASTING = '/run/aufs-remount.XXXXXX'

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
  return text.length + (text.split(FOLDER).length - 1) * (TEMPORARY.length - FOLDER.length)
}

/** One command that runs each of these as long as none fails. */
export function chain(commands: readonly ByteString[]): ByteString {
  return commands.join(' &&\n')
}

/** Symbolic links with plain names, in a temporary folder. They stand for paths that mount options cannot hold. */
export class Links {
  readonly #links: { name: string; target: ByteString }[] = []
  readonly #areLasting: boolean

  /** @param areLasting the links stay when all went well, and the commands run in their folder */
  constructor({ areLasting = false } = {}) {
    this.#areLasting = areLasting
  }

  /** The path of a link to a target, for {@link word}. @param name its path in the folder, where that matters */
  to(target: ByteString, name = String(this.#links.length)): ByteString {
    this.#links.push({ name, target })
    return `${FOLDER}/${name}`
  }

  /** The path of a link from the folder of the links. @param path as {@link to} gave it */
  static inFolder(path: ByteString): ByteString {
    return path.startsWith(`${FOLDER}/`) ? path.slice(2) : path
  }

  /**
   * One command that runs these, with others around them that make the links before and remove the folder after, however they end. On a
   * signal the shell calls `exit`, as dash runs the EXIT trap for nothing else.
   */
  around(commands: readonly ByteString[]): ByteString {
    if (this.#links.length === 0) return chain(commands)
    const folders = new Set(this.#links.flatMap(({ name }) => /^.*(?=\/)/.exec(name)?.[0] ?? []))
    const made = chain([
      `dir=$(mktemp -d ${this.#areLasting ? LASTING : TEMPORARY})`,
      `trap 'rm -rf "$dir"' EXIT`,
      `trap 'exit 1' HUP INT TERM`,
      ...[...folders].map((name) => `mkdir "$dir"/${name}`),
      ...this.#links.map(({ name, target }) => `ln -s ${word(target)} "$dir"/${name}`),
      ...(this.#areLasting ? ['cd "$dir"'] : []),
      ...commands,
      ...(this.#areLasting ? ['trap - EXIT'] : []),
    ])
    return `(\n${made}\n)`
  }
}

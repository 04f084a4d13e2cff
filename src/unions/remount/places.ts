/** Where the unions of a script are mounted, and what each of its commands needs to have gone well. */
import { BoundedMap } from '../../bounded-map.js'
import { InputError } from '../../errors.js'
import type { ByteString } from '../../text/byte-string.js'
import { isBelow } from '../../text/paths.js'
import { chain, TEMPORARY, word } from '../../text/shell.js'
import { type Plan, setFlags, type Word } from './mount-commands.js'

/** Places that are remembered of an endless input. */
const REMEMBERED = 1000

/** Where a whole union can be reached. */
interface Place {
  word: Word
  /** The mount point; null in the temporary folder. */
  path: ByteString | null
  flags: readonly ByteString[]
  /** The number of the commands that mount it. */
  number: number
  /** What was mounted over it since. */
  hiddenBy: ByteString | null
}

/** Where a table's union goes. */
export interface Wish {
  plan: Plan
  /** What of the union: `/` for all of it. */
  root: ByteString
  target: ByteString
  word: Word
  /** The folder that the target must not lead out of; null where it may lead anywhere. */
  within: ByteString | null
}

/** The folder of whole unions of which a folder is mounted; each is unmounted at the end, and nothing is deleted but empty folders. */
const FOLDER = `all=$(mktemp -d ${TEMPORARY}) || exit
trap 'for one in "$all"/*; do umount "$one"; rmdir "$one"; done 2> /dev/null; rmdir "$all"' EXIT
trap 'exit 1' HUP INT TERM
`

/** What a table needs that lies in what another mounts, or is bound from there. */
const NEEDS = `needs() {
  case $failed in *" $1 "*)
    printf 'aufs-remount: %s: not mounted, as what it lies in or is bound from is not\\n' "$2" >&2
    return 1 ;;
  esac
}
`

/** No symbolic link in a union, or on the disk of another machine, may lead to this machine's own folders. */
const WITHIN = `within() {
  folder=$(readlink -f -- "$1")
  case $(readlink -f -- "$2")/ in "\${folder%/}"/*) ;; *)
    printf 'aufs-remount: %s: does not lead to a place below %s\\n' "$2" "$1" >&2
    return 1 ;;
  esac
}
`

const LABELS = `labels() {
  test -e /sys/fs/selinux/enforce && return
  echo 'aufs-remount: no SELinux here, whose labels a union was mounted with (context=)' >&2
  return 1
}
`

const DEFINITIONS = { folder: FOLDER, needs: NEEDS, within: WITHIN, labels: LABELS }

/** Writes the commands of many tables. A union that is mounted already is bound to its other places. */
export class Places {
  readonly #unions = new BoundedMap<string, Place>(REMEMBERED)
  readonly #targets = new BoundedMap<ByteString, number>(REMEMBERED)
  readonly #defined = new Set<string>()
  #numbers = 0
  #folders = 0

  /** The commands of a table, and the functions that they call. @throws InputError where they cannot reach the union */
  commands(wish: Wish): ByteString {
    const { plan, root, target, word: to } = wish
    const known = this.#unions.get(plan.key)
    if (known !== undefined && known.hiddenBy !== null)
      throw new InputError('its union is mounted already, below what lies over it', known.hiddenBy)
    const isDirect = known === undefined && root === '/'
    // Others may lie over a union's folders where it is mounted: they are bound from a place of its own.
    const isReached = known !== undefined && (root === '/' || known.path === null)
    const [place, made] = isDirect || isReached ? [known, ''] : this.#makePlace(plan, known)
    const commands = [
      ...this.#needs(place, target, to),
      ...(wish.within === null ? [] : [`within ${word(wish.within)} ${to}`]),
      ...(place === undefined ? plan.mountAt(to) : bindPart(place, root, to)),
      ...setFlags(to, plan.flags.wanted, place?.flags ?? plan.flags.given),
    ]
    const number = this.#numbers
    this.#hide(target)
    this.#targets.set(target, number)
    const whole = place ?? { word: to, path: target, flags: plan.flags.wanted, number, hiddenBy: null }
    this.#unions.set(plan.key, whole)
    return made + this.#statement(commands)
  }

  /** Makes a place in the temporary folder where all of a union can be reached. */
  #makePlace(plan: Plan, known: Place | undefined): [Place, ByteString] {
    const folder = `"$all"/${this.#folders}`
    this.#folders += 1
    const flags = known?.flags ?? plan.flags.given
    const place = { word: folder, path: null, flags, number: this.#numbers, hiddenBy: null }
    const whole =
      known === undefined
        ? [`mkdir ${folder}`, ...plan.mountAt(folder)]
        : [`needs ${known.number} ${folder}`, `mkdir ${folder}`, bind(known.word, folder)]
    return [place, this.#statement(whole)]
  }

  /** Commands that are run as long as none fails, with a number that is noted where one does. */
  #statement(commands: readonly ByteString[]): ByteString {
    const end = ` || failed="$failed ${this.#numbers} "\n`
    this.#numbers += 1
    return this.#definitions(commands) + chain(commands) + end
  }

  /** What must have been mounted before: the union itself, and the deepest place that holds the target. */
  #needs(union: Place | undefined, target: ByteString, place: Word): ByteString[] {
    let over: ByteString | null = null
    for (const path of this.#targets.keys())
      if (path !== target && isBelow(target, path) && path.length > (over?.length ?? 0)) over = path
    const numbers = [union?.number, over === null ? undefined : this.#targets.get(over)]
    return [...new Set(numbers)].flatMap((number) =>
      number === undefined ? [] : [`needs ${number} ${place}`],
    )
  }

  #hide(target: ByteString): void {
    for (const place of this.#unions.values())
      if (place.path !== null && isBelow(place.path, target)) place.hiddenBy = target
  }

  #definitions(commands: readonly ByteString[]): ByteString {
    const text = chain(commands)
    const uses = {
      folder: text.includes('"$all"'),
      needs: /^needs /m.test(text),
      within: /^within /m.test(text),
      labels: /^labels /m.test(text),
    }
    return (['folder', 'needs', 'within', 'labels'] as const)
      .filter((name) => uses[name] && !this.#defined.has(name) && this.#defined.add(name))
      .map((name) => DEFINITIONS[name])
      .join('')
  }
}

function bindPart({ word: whole }: Place, root: ByteString, target: Word): ByteString[] {
  if (root === '/') return [bind(whole, target)]
  const part = `${whole}${word(root)}`
  return [`within ${whole} ${part}`, bind(part, target)]
}

function bind(from: Word, to: Word): ByteString {
  return `mount --bind ${from} ${to}`
}

/** The commands that mount one union, and that bind it. Places are words of a shell. */

import { keyText } from '../../bounded-map.js'
import { InputError } from '../../errors.js'
import type { ByteString } from '../../text/byte-string.js'
import { word } from '../../text/shell.js'
import { typeOfTable } from '../types.js'
import type { Mountable, MountWay } from '../union-type.js'
import { type MountFlags, mountFlags } from './mount-flags.js'
import { mountableOf, type Remountable, type RemountOptions, UNLINKED } from './remountable.js'

/** A word of a shell, quoted. */
export type Word = ByteString

/** A union that can be mounted. */
export interface Plan {
  /** What makes two tables mounts of one union. To mount its writable branch twice would be undefined (overlayfs), or refused. */
  key: string
  flags: MountFlags
  /** The commands that mount the whole of it. */
  mountAt(place: Word): ByteString[]
}

/** @throws InputError where the union cannot be mounted */
export function planOf(table: Remountable, options: RemountOptions): Plan {
  const type = typeOfTable(table)
  const union = mountableOf(table, options)
  const flags = mountFlags(table, type.isWritable(union.branches), options.readOnly === true)
  const { source, ways } = type.mountPlan({ ...union, flags: flags.first })
  return {
    key: keyText(JSON.stringify([table.fs_type, ...identityOf(union)])),
    flags,
    mountAt: (place) => [
      ...checks(union, options),
      firstOf(ways.map((way) => mountCommands(way, table.fs_type, source, place))),
    ],
  }
}

/** An old table tells no options: of a union that can be written to, its layers are enough. */
function identityOf({ branches, workdir, options }: Omit<Mountable, 'flags'>): unknown[] {
  return branches.some(({ perm }) => perm === 'rw') ? [branches, workdir] : [branches, options]
}

/** One command that goes the first way that can be gone. */
function firstOf(ways: ByteString[]): ByteString {
  return ways.length === 1 ? ways.join('') : `{ ${ways.join(' ||\n')}\n}`
}

function mountCommands(
  { texts, links, isOneByOne = false }: MountWay,
  fsType: string,
  source: ByteString,
  place: Word,
): ByteString {
  const commands = texts.map((text, i) => {
    const how = i === 0 ? `-t ${fsType}` : '-i'
    return `mount ${how} -o ${word(text)} ${source} ${place}`
  })
  const command = links.around(commands)
  return isOneByOne ? oneByOne(command) : command
}

/** mount before util-linux 2.39 would hand the text over whole, and mount(2) cut it after a page without a word. */
function oneByOne(command: ByteString): ByteString {
  return [
    'case $(mount --version) in',
    `*fd-based-mount*) LIBMOUNT_FORCE_MOUNT2=never ${command} ;;`,
    '*) false ;;',
    'esac 2> /dev/null',
  ].join('\n')
}

/** What must hold before: on the disk of another machine a symbolic link may lead to this one's folders. */
function checks(
  { branches, workdir, options }: Omit<Mountable, 'flags'>,
  { prefix }: RemountOptions,
): ByteString[] {
  const paths = [...branches.map(({ path }) => path), ...(workdir === null ? [] : [workdir])]
  const isLabelled = options?.some((option) => /^(fs|def|root)?context=/.test(option)) === true
  return [
    // Where there is no SELinux, mount leaves its labels out without a word.
    ...(isLabelled ? ['labels'] : []),
    ...(prefix == null ? [] : paths.map((path) => `within ${word(prefix)} ${word(path)}`)),
  ]
}

/** The command that sets the flags of a mount that has others; none where it has the same. */
export function setFlags(
  place: Word,
  wanted: readonly ByteString[],
  now: readonly ByteString[],
): ByteString[] {
  const same = wanted.join(',') === now.join(',')
  return same ? [] : [`mount -i -o remount,bind,${wanted.join(',')} none ${place}`]
}

/** No system call takes a longer path. */
const LONGEST_PATH = 4095

/** @throws InputError where nothing can be mounted there */
export function placeWord(path: ByteString | null): Word {
  if (path === null) throw new InputError('where it was mounted is not known: --root DIR tells where')
  if (!path.startsWith('/') || path.includes('\0') || path.length > LONGEST_PATH)
    throw new InputError('no mount point', path)
  if (path.endsWith(UNLINKED)) throw new InputError('the mount point was removed', path)
  return word(path)
}

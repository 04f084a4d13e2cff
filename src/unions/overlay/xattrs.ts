/** Extended attributes, which Node cannot read: by getfattr (Debian's package attr), where it is there. */
import { closeSync, readFileSync } from 'node:fs'
import type { ByteString } from '../../text/byte-string.js'
import type { OpenLayer } from '../layers/layer.js'

/** What overlayfs notes of a file in a layer; null for each that it has not. */
export interface OverlayXattrs {
  opaque: ByteString | null
  redirect: ByteString | null
  metacopy: ByteString | null
  origin: ByteString | null
  whiteout: ByteString | null
}

/** `trusted.*` is not shown without it, as if there were none (xattr(7)). */
const CAP_SYS_ADMIN = 21n

/** The descriptors that getfattr is handed at once. */
const BATCH = 100

/** The first descriptor after standard input, output and error. */
const FIRST_FD = 3

let isMissing = false

/**
 * Reads overlayfs's attributes of files in layers.
 *
 * @returns one for each; null where nothing can read them: no getfattr, or no CAP_SYS_ADMIN for `trusted`
 */
export function overlayXattrs(
  files: readonly Pick<OpenLayer, 'folder' | 'path'>[],
  namespace: 'trusted' | 'user',
): (OverlayXattrs | null)[] {
  const nothing = files.map(() => null)
  if (files.length === 0 || isMissing || (namespace === 'trusted' && !isCapable(CAP_SYS_ADMIN)))
    return nothing
  if (files.length > BATCH)
    return [
      ...overlayXattrs(files.slice(0, BATCH), namespace),
      ...overlayXattrs(files.slice(BATCH), namespace),
    ]
  const fds = files.map(({ folder, path }) => folder.openPath(path))
  try {
    const dumps = getfattr(
      fds.filter((fd) => fd !== null),
      namespace,
    )
    return fds.map((fd) =>
      fd === null || dumps === null ? null : parseXattrs(dumps.shift() ?? '', namespace),
    )
  } finally {
    for (const fd of fds) if (fd !== null) closeSync(fd)
  }
}

/** Dumps the attributes of open files, which are given as descriptors: no name of a container's goes to another program. */
function getfattr(fds: number[], namespace: string): string[] | null {
  const names = fds.map((_, i) => `/proc/self/fd/${FIRST_FD + i}`)
  // To load it takes longer than most inputs.
  const { spawnSync } = process.getBuiltinModule('node:child_process')
  const { status, error, stdout } = spawnSync(
    'getfattr',
    ['-d', '-m', `^${namespace}\\.overlay\\.`, '-e', 'hex', '--absolute-names', '--', ...names],
    {
      stdio: ['ignore', 'pipe', 'ignore', ...fds],
      env: { PATH: process.env.PATH, LC_ALL: 'C' },
      encoding: 'latin1',
    },
  )
  isMissing = error !== undefined
  if (status !== 0) return null
  const dumps = new Map(stdout.split(/^# file: /m).map((dump) => [dump.slice(0, dump.indexOf('\n')), dump]))
  return names.map((name) => dumps.get(name) ?? '')
}

function parseXattrs(dump: string, namespace: string): OverlayXattrs {
  const values = new Map(
    dump.split('\n').map((line): [string, ByteString] => {
      const [name = '', hex = ''] = line.split('=')
      return [name, Buffer.from(hex.replace(/^0x/, ''), 'hex').toString('latin1')]
    }),
  )
  const value = (name: keyof OverlayXattrs) => values.get(`${namespace}.overlay.${name}`) ?? null
  return {
    opaque: value('opaque'),
    redirect: value('redirect'),
    metacopy: value('metacopy'),
    origin: value('origin'),
    whiteout: value('whiteout'),
  }
}

/** Whether a program that is started from here has a capability: root's do, another user's only where it is ambient. */
function isCapable(capability: bigint): boolean {
  const set = process.geteuid?.() === 0 ? 'CapEff' : 'CapAmb'
  const status = readFileSync('/proc/self/status', 'latin1')
  const [, held] = new RegExp(`^${set}:\\t([0-9a-f]+)$`, 'm').exec(status) ?? []
  return held !== undefined && ((BigInt(`0x${held}`) >> capability) & 1n) === 1n
}

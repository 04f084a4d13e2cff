/** What a case of overlayfs is, and what of it holds on which Linux. */

/** Of a Linux: `[6, 12]`. */
export type Version = [major: number, minor: number]

/** From this Linux on maps shows the device and inode of the union's file, before that of the layer's. */
const MAPS_SHOWS_UNION: Version = [6, 8]

/** From this Linux on links and maps name a file of a layer that is a union by the layer's own mount. Seen on 6.18, not on 6.12. */
const NAMES_LAYER_MOUNT: Version = [6, 13]

/** Which of the two a kernel shows. */
export type Kind = 'mapsShowsLayer' | 'mapsShowsUnion'

/** A mapped file, by the words of aufs-vma. Path and branch are told from the folder of the case. */
export type Row = [path: string, state: State | null, branch: string | null]

type State = 'current' | 'copied_up' | 'replaced' | 'deleted'

/** What processes map on a union, and what is true of it. */
export interface Case {
  /** A plain sentence that follows the kernel's name. */
  title: string
  /** Run by guest/play.sh, which has the functions. */
  steps: string
  expected: Record<Kind, Row[]>
  /** The same, where the kernel names a file of a layer by the layer's own mount. */
  ofLayerMount?: Row[]
  /** The first Linux that can do this. */
  since?: Version
  /** It moves the clock of the machine, and back: for guests alone. */
  movesClock?: true
  /** What the program tells wrong for now, and where. */
  fails?: Failure[]
}

interface Failure {
  why: string
  since?: Version
  before?: Version
}

/** The rows that are right on a Linux. */
export function expectedOn(version: Version, { expected, ofLayerMount }: Case): Row[] {
  if (ofLayerMount !== undefined && !isBefore(version, NAMES_LAYER_MOUNT)) return ofLayerMount
  return isBefore(version, MAPS_SHOWS_UNION) ? expected.mapsShowsLayer : expected.mapsShowsUnion
}

/** The rows that are right where the iterator tells what is really mapped: what a kernel tells whose maps shows the layer. */
export function toldRows({ expected }: Case): Row[] {
  return expected.mapsShowsLayer
}

/** Whether a Linux can do what a case does. */
export function isPossibleOn(version: Version, { since }: Case): boolean {
  return since === undefined || !isBefore(version, since)
}

/** Why the program tells a case wrong on a Linux; null where it does not. */
export function failureOn(version: Version, { fails = [] }: Case): string | null {
  const failure = fails.find(
    ({ since, before }) =>
      (since === undefined || !isBefore(version, since)) &&
      (before === undefined || isBefore(version, before)),
  )
  return failure?.why ?? null
}

function isBefore([major, minor]: Version, [otherMajor, otherMinor]: Version): boolean {
  return major < otherMajor || (major === otherMajor && minor < otherMinor)
}

/** The library: each stream pipes into the next, and each pure function behind it stands here too. */
export {
  type Branch,
  type BranchTable,
  branchesInOptions,
  isBranchTable,
  parseBranch,
} from './branches.js'
export {
  type ByteString,
  bytesOf,
  decodeOctal,
  encodeOctal,
  parse,
  quote,
  stringify,
  textOf,
  toBytes,
  toText,
} from './bytes.js'
export { InputError, type OnError } from './errors.js'
export type { FileId } from './files.js'
export { fixVmas, readMapFiles } from './fix.js'
export { type LineOptions, MAX_LINE } from './lines.js'
export { type LoggedBranch, type LoggedMount, parseLog, parseLoggedBranch, parseLoggedMount } from './log.js'
export { type Kernel, parseEntry, parseMapFiles, type RawVma } from './map-files.js'
export { isFileMapping, type Mapping, parseMapping } from './maps.js'
export { isMount, type Mount, mountOver, mountsSeenFrom, parseMount, parseMounts } from './mounts.js'
export { type OverlayLayers, overlayLayers } from './overlay.js'
export { listPids, Process } from './process.js'
export { remount, remountCommands } from './remount.js'
export { isStale, type Looks, type State } from './state.js'
export { readSuperblock, type Superblock } from './sysfs.js'
export { branchTables, logFormat, type TableOptions } from './tables.js'
export { Viewer, type ViewOptions } from './view.js'
export { type Finding, findUnion, fixVma, type View, type Vma, type VmaBranch } from './vma.js'

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
  type Json,
  parse,
  quote,
  stringify,
  textOf,
  toBytes,
  toText,
} from './bytes.js'
export type { Copies, Copy } from './copies.js'
export { InputError, type OnError } from './errors.js'
export type { FileId, Files, Found } from './files.js'
export { fixVmas, type PidOptions, readMapFiles } from './fix.js'
export { type Emit, type LineOptions, MAX_LINE } from './lines.js'
export { type LoggedBranch, type LoggedMount, parseLog, parseLoggedBranch, parseLoggedMount } from './log.js'
export { type Kernel, parseEntry, parseMapFiles, type RawVma } from './map-files.js'
export { isFileMapping, type Mapping, parseMapping } from './maps.js'
export { isMount, type Mount, mountOver, mountsSeenFrom, parseMount, parseMounts } from './mounts.js'
export { type OverlayLayers, overlayLayers } from './overlay.js'
export { listPids, Process } from './process.js'
export { type Remountable, remount, remountCommands } from './remount.js'
export { isStale, type Looks, type State } from './state.js'
export { readSuperblock, type Superblock } from './sysfs.js'
export { branchTables, logFormat, type TableOptions } from './tables.js'
export { type Namespace, Viewer, type ViewOptions } from './view.js'
export { type Finding, findUnion, fixVma, type View, type Vma, type VmaBranch } from './vma.js'

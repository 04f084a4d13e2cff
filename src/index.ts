/** The library: each stream pipes into the next, and each pure function behind it stands here too. */

export {
  type LoggedBranch,
  type LoggedMount,
  parseLog,
  parseLoggedBranch,
  parseLoggedMount,
} from './criu/dump-log.js'
export { logFormat } from './criu/log-format.js'
export { InputError, type OnError } from './errors.js'
export type { Files, Found } from './files/folder.js'
export type { FileId } from './files/ids.js'
export { type Emit, type LineOptions, MAX_LINE } from './lines/filter.js'
export { type CgroupNames, parseCgroups } from './proc/cgroup.js'
export { type Kernel, type MapFilesEntry, parseEntry, parseMapFiles, type RawVma } from './proc/map-files.js'
export { isFileMapping, type Mapping, parseMapping } from './proc/maps.js'
export { mountOver, mountsSeenFrom } from './proc/mount-tree.js'
export { isMount, type Mount, parseMount, parseMounts } from './proc/mountinfo.js'
export { listPids, Process } from './proc/process.js'
export { type ByteString, bytesOf, textOf } from './text/byte-string.js'
export { type Json, parse, stringify, toBytes, toText } from './text/json.js'
export { decodeOctal, encodeOctal } from './text/octal.js'
export { quote } from './text/printable.js'
export { branchesInOptions, parseBranch } from './unions/aufs/options.js'
export { readSuperblock, type Superblock } from './unions/aufs/sysfs.js'
export type { Branch, BranchTable } from './unions/branch-table.js'
export type { Copies, Copy } from './unions/layer.js'
export { type OverlayLayers, overlayLayers } from './unions/overlay/options.js'
export { type Remountable, remount, remountCommands } from './unions/remount.js'
export { isBranchTable } from './unions/table-records.js'
export { branchTables, type TableOptions } from './unions/tables.js'
export { claimOf, type UnionClaim } from './vma/claim.js'
export type { FileLookup, ProcessContext } from './vma/context.js'
export { type ContextOptions, ContextReader, type SharedContext } from './vma/context-reader.js'
export { fixVma } from './vma/fix-vma.js'
export { type NamedFile, neverHadName } from './vma/names.js'
export type { Vma, VmaBranch } from './vma/record.js'
export { staleness } from './vma/staleness.js'
export { isStale, type State } from './vma/state.js'
export { fixVmas, type PidOptions, readMapFiles } from './vma/streams.js'

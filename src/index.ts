/** The library: the commands' streams, which pipe into each other, and the pure functions behind them. */

// biome-ignore-all assist/source/organizeImports: in the order in which they are read, not by their paths

// Records, for `for await`.
export { mounts } from './proc/mounts/mountinfo.js'
export { tables } from './unions/tables.js'
export { type VmaOptions, vmas } from './vma/streams.js'

// Streams, in the order of the pipes.
export { parseMounts } from './proc/mounts/mountinfo.js'
export { branchTables, parseTables, type TableOptions } from './unions/tables.js'
export { fixVmas, type PidOptions, readMapFiles } from './vma/streams.js'
export { type ContextOptions, ContextReader } from './vma/context-reader.js'
export type { SharedContext } from './vma/namespaces.js'
export { parseMapFiles } from './proc/map-files.js'
export { findImages, type ImageOptions } from './images/images.js'
export { parseLog } from './criu/dump-log.js'
export { logFormat } from './criu/log-format.js'
export { remount, remountCommands, type ScriptOptions } from './unions/remount/remount.js'
export type { Remountable } from './unions/remount/remountable.js'
export { fromNdjson, toNdjson } from './lines/ndjson.js'
export { type Emit, type LineOptions, MAX_LINE } from './lines/filter.js'
export type { Chunk, RecordReadable, RecordStream } from './lines/record-stream.js'
export { InputError, type OnError } from './errors.js'
export { NotFollowedError } from './proc/open-entries.js'
export { ForbiddenError, GoneError } from './proc/process.js'

// Records, and how to know one.
export { isMount, type Mount } from './proc/mounts/mountinfo.js'
export type { Branch, BranchTable, LayerImage } from './unions/branch-table.js'
export { isBranchTable } from './unions/tables.js'
export type { Kernel, MapFilesEntry, RawVma } from './proc/map-files.js'
export { isStale, type State, type Vma, type VmaBranch } from './vma/record.js'

// Parsers and look-ups: byte strings in, byte strings out.
export { parseMount } from './proc/mounts/mountinfo.js'
export { mountOver, mountsSeenFrom } from './proc/mounts/mount-tree.js'
export { isFileMapping, type Mapping, parseMapping } from './proc/maps.js'
export { parseEntry } from './proc/map-files.js'
export { listPids, Process, type TaskId } from './proc/process.js'
export { branchesInOptions, parseBranch } from './unions/aufs/options.js'
export { readSuperblock, type Superblock } from './unions/aufs/sysfs.js'
export { type OverlayHints, type OverlayLayers, overlayLayers } from './unions/overlay/options.js'
export {
  type LoggedBranch,
  type LoggedMount,
  parseLoggedBranch,
  parseLoggedMount,
} from './criu/logged-lines.js'
export { claimOf } from './vma/claim.js'
export type { FileLookup, ProcessContext, UnionClaim } from './vma/context.js'
export { fixVma } from './vma/fix-vma.js'
export type { Copies, Copy, Holders } from './unions/layers/layer.js'
export type { Found } from './files/found.js'
export type { DataFile } from './files/data-file.js'
export type { Files } from './files/folder.js'
export type { FileId } from './files/ids.js'

// Bytes and text.
export { type ByteString, bytesOf, textOf } from './text/byte-string.js'
export { type Json, parse, stringify, toBytes, toText } from './text/json.js'
export type { InBytes, Text } from './text/text-types.js'
export { decodeOctal, encodeOctal } from './text/octal.js'
export { quote } from './text/printable.js'

/** Mounts, as `/proc/PID/mountinfo` lists them. */
import { InputError } from '../../errors.js'
import type { Filter, LineOptions } from '../../lines/filter.js'
import type { Chunk, RecordReadable, RecordStream } from '../../lines/record-stream.js'
import { count, isWhole, record, text, texts } from '../../lines/records.js'
import { readThrough, recordStream } from '../../lines/streams.js'
import type { ByteString } from '../../text/byte-string.js'
import { decodeOctal } from '../../text/octal.js'
import type { Text } from '../../text/text-types.js'

/** One line of mountinfo. In pure functions the strings are byte strings; streams carry text with `_b64` twins. */
export interface Mount {
  /** Unique while the mount is there. The number is used again afterwards. */
  mount_id: number
  /** The mount that this one is on. It is not listed itself if it lies outside of the process's root. */
  parent_id: number
  /** `major:minor` of the superblock, decimal. */
  dev: string
  /** Which part of the filesystem is mounted: a path in it, or a name such as `net:[4026531840]`, or `/x//deleted`. */
  root: ByteString
  /** Where it is mounted, seen from the process's root. */
  mount_point: ByteString
  /** The mount's own options, in the kernel's order. */
  mount_options: ByteString[]
  /** `shared:1`, `master:2`, `propagate_from:3`, `unbindable`, and whatever comes. */
  optional_fields: ByteString[]
  /** The type, with its subtype: `ext4`, `fuse.sshfs`. */
  fs_type: ByteString
  /** The device or whatever name was given; may be empty. */
  mount_source: ByteString
  /** The superblock's options, split at each comma, also at a comma in a path. */
  super_options: ByteString[]
}

const FIXED_FIELDS = 6

/**
 * Parses one line of mountinfo (proc_pid_mountinfo(5), `show_mountinfo()` in fs/proc_namespace.c):
 *
 *     36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
 *     (1)(2)(3)  (4)   (5)   (6)        (7)     (8) (9) (10)      (11)
 *
 * There may be several of (7), or none; (8) ends them. (10) may be empty. What follows (10) may hold raw spaces (9p on WSL).
 *
 * @param line the line without its newline, as a byte string
 * @throws InputError if a field is missing or is no number
 * @example parseMount(bytesOf('29 21 0:17 / / rw - aufs none rw,si=b5c9ff2ff0466b2')).fs_type // 'aufs'
 */
export function parseMount(line: ByteString): Mount {
  if (line.includes('\0')) throw new InputError('a NUL, which no mount holds', line)
  // No escaped field holds a space, so the first ` - ` is the separator, even if a branch path holds another.
  const separator = line.indexOf(' - ')
  const head = (separator === -1 ? line : line.slice(0, separator)).split(' ')
  if (separator === -1 && head.length >= FIXED_FIELDS) throw new InputError('no separator " - "', line)
  const [id, parent, dev, root, mountPoint, options, ...optional] = head
  const typeEnd = line.indexOf(' ', separator + 3)
  const sourceEnd = typeEnd === -1 ? -1 : line.indexOf(' ', typeEnd + 1)
  if (options === undefined || mountPoint === undefined || root === undefined || sourceEnd === -1) {
    throw new InputError(`too few fields (${line.split(' ').length})`, line)
  }
  return {
    mount_id: parseMountId(id, 'mount id', line),
    parent_id: parseMountId(parent, 'parent id', line),
    dev: checkDev(dev, line),
    root: decodeOctal(root),
    mount_point: decodeOctal(mountPoint),
    mount_options: parseOptions(options),
    optional_fields: optional,
    fs_type: decodeOctal(line.slice(separator + 3, typeEnd)),
    mount_source: decodeOctal(line.slice(typeEnd + 1, sourceEnd)),
    super_options: parseOptions(line.slice(sourceEnd + 1)),
  }
}

function parseMountId(token: string | undefined, name: string, line: ByteString): number {
  if (token === undefined || !/^\d{1,15}$/.test(token)) throw new InputError(`the ${name} is no number`, line)
  return Number(token)
}

function checkDev(token: string | undefined, line: ByteString): string {
  if (token === undefined || !/^\d+:\d+$/.test(token))
    throw new InputError('the device is no major:minor', line)
  return token
}

/** Splits first, then decodes: an escaped comma is part of its option. */
function parseOptions(field: ByteString): ByteString[] {
  const options = field.split(',')
  return field.includes('\\') ? options.map(decodeOctal) : options
}

/** The filter behind {@link parseMounts}. */
export function mountFilter(): Filter<Mount> {
  return {
    line: (line, emit) => emit(parseMount(line.text)),
  }
}

/**
 * A stream from mountinfo bytes to {@link Mount} records.
 *
 * Errors are {@link InputError}s: a line with a missing field, with a number that is none, or too long.
 *
 * @example createReadStream('/proc/self/mountinfo').pipe(parseMounts()).on('data', ({ fs_type }) => console.log(fs_type))
 */
export function parseMounts(options?: LineOptions): RecordStream<Chunk, Text<Mount>> {
  return recordStream(mountFilter(), options)
}

/** The mounts of whoever reads. */
export const OWN_MOUNTINFO = '/proc/self/mountinfo'

/**
 * The mounts that a mountinfo file lists. An error of the file ends them.
 *
 * @example for await (const { mount_point, fs_type } of mounts('/proc/1/mountinfo')) console.log(mount_point, fs_type)
 */
export function mounts(file = OWN_MOUNTINFO, options?: LineOptions): RecordReadable<Text<Mount>> {
  return readThrough(file, parseMounts(options))
}

/** Reads a mount record back. */
export const readMount = record<Mount>({
  mount_id: count,
  parent_id: count,
  dev: text,
  root: text,
  mount_point: text,
  mount_options: texts,
  optional_fields: texts,
  fs_type: text,
  mount_source: text,
  super_options: texts,
})

/**
 * Whether a value, such as `fromNdjson` gives, has the fields of a mount record.
 *
 * @example isMount(JSON.parse('{"mount_id":29}')) // false: the others are missing
 */
export function isMount(value: unknown): value is Text<Mount> {
  return isWhole(value, readMount)
}

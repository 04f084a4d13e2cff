/** Entries of /proc/PID/map_files: what the kernel says of each mapped file, unfixed. */
import { InputError } from '../errors.js'
import type { Emit, Filter, LineOptions } from '../lines/filter.js'
import type { Chunk, RecordStream } from '../lines/record-stream.js'
import {
  text as aText,
  count,
  flag,
  isRecord,
  isText,
  optional,
  orNull,
  parseRecord,
  record,
  withOthers,
} from '../lines/records.js'
import { recordStream } from '../lines/streams.js'
import type { ByteString } from '../text/byte-string.js'
import { DELETED } from '../text/paths.js'
import type { Text } from '../text/text-types.js'

/** What the kernel says of a mapped file. What it does not say is null. */
export interface Kernel {
  /** `major:minor` in stat of the opened entry; ESTALE for what is deleted, on some kernels. */
  dev: string | null
  /** The inode in stat of the opened entry, decimal: it may pass 2^53. */
  ino: string | null
  /** `major:minor` in /proc/PID/maps, decimal. */
  maps_dev: string | null
  /** The inode in /proc/PID/maps, decimal. */
  maps_ino: string | null
  /** The name as it stands in /proc/PID/maps. */
  maps_name: ByteString | null
  /** The mount in fdinfo of the opened entry. */
  mnt_id: number | null
  /** Whether the process's own mountinfo lists that mount. */
  mnt_listed: boolean | null
  /** `major:minor` of the file that is really mapped, as a BPF iterator tells it: of a union's file, the layer's. */
  real_dev: string | null
  /** Its inode, decimal. */
  real_ino: string | null
}

/** An entry of map_files, unfixed (`--raw`). */
export interface RawVma {
  /** The process that maps it; null if the input does not name it. */
  pid: number | null
  /** The process's name. */
  comm: ByteString | null
  /** The container id in the process's cgroup path; null where there is none. */
  container: ByteString | null
  /** The first address, as in the entry's own name: hexadecimal. */
  start: string
  /** The address after the last, as in the entry's own name. */
  end: string
  /** As in /proc/PID/maps: `r-xp`. */
  perms: string | null
  /** Where it begins in the file, in bytes, hexadecimal. */
  offset: string | null
  /** The entry's target, as the kernel gives it. */
  link: ByteString
  /** What the kernel says of the mapped file. */
  kernel: Kernel
}

/** An entry with what a fixed record says of its process besides: fields that `--raw` does not have. */
export interface MapFilesEntry extends RawVma {
  /** The process's systemd unit. */
  unit?: ByteString | null
  /** The process's cgroup path. */
  cgroup?: ByteString | null
}

/** What the kernel says of an entry of which only the link is known. */
export const UNKNOWN: Kernel = {
  dev: null,
  ino: null,
  maps_dev: null,
  maps_ino: null,
  maps_name: null,
  mnt_id: null,
  mnt_listed: null,
  real_dev: null,
  real_ino: null,
}

/** The kernel writes no longer link: a page, and what it adds to the name of a deleted file. */
const LONGEST_LINK = 4096 + DELETED.length

/**
 * The filter for entries that somebody else has read: raw records (`aufs-vma --raw`), or text lines that end in
 * `START-END -> TARGET`, as `ls -l` of a map_files folder prints them.
 *
 * A target may hold newlines, so a line without an entry continues the target before it. An entry of text is therefore
 * emitted one line late.
 */
export function entryFilter(): Filter<MapFilesEntry> {
  let entry: MapFilesEntry | null = null
  let lineAt = 0
  const flush = (emit: Emit<MapFilesEntry>) => {
    if (entry !== null) emit(entry)
    entry = null
  }
  return {
    line({ text, number }, emit) {
      const isRaw = isRecord(text)
      const next = isRaw ? null : parseEntry(text)
      if (isRaw) {
        flush(emit)
        emit(inOrder(parseRecord(text, 'raw VMA record', readEntry)))
      } else if (next !== null) {
        flush(emit)
        entry = next
        lineAt = number
      } else if (/^total \d+$/.test(text)) {
        return
      } else if (entry !== null && isText(text) && entry.link.length + text.length < LONGEST_LINK) {
        // Empty lines are part of a name too, but never come here. The line numbers say how many there were.
        entry.link += '\n'.repeat(number - lineAt) + text
        lineAt = number
      } else {
        // The lines after this one may belong to the same name, not to the entry before.
        flush(emit)
        throw new InputError('no map_files entry', text)
      }
    },
    tooLong: flush,
    end: flush,
  }
}

/** Puts the fields of a record in the order of {@link RawVma}, and unknown fields after them. */
function inOrder(raw: MapFilesEntry): MapFilesEntry {
  const { pid, comm, container, start, end, perms, offset, link, kernel } = raw
  const whole = { ...UNKNOWN, ...kernel }
  return withOthers({ pid, comm, container, start, end, perms, offset, link, kernel: whole }, raw)
}

/**
 * Parses a text line that ends in `START-END -> TARGET`. The leftmost such arrow counts.
 *
 * @returns null if the line has no entry
 * @example parseEntry(bytesOf('lr-------- 1 root root 64 Sep 1 00:00 400000-489000 -> /bin/sh'))?.link // '/bin/sh'
 */
export function parseEntry(line: ByteString): RawVma | null {
  if (line.includes('\0')) return null
  const [, start, end, link] = /(?:^|\s)([0-9a-f]+)-([0-9a-f]+) -> (.*)$/s.exec(line) ?? []
  if (start === undefined || end === undefined || link === undefined) return null
  return {
    pid: null,
    comm: null,
    container: null,
    start,
    end,
    perms: null,
    offset: null,
    link,
    kernel: { ...UNKNOWN },
  }
}

/** How what the kernel says of an entry is read back. */
export const readKernel = record<Kernel>({
  dev: orNull(aText),
  ino: orNull(aText),
  maps_dev: orNull(aText),
  maps_ino: orNull(aText),
  maps_name: orNull(aText),
  mnt_id: orNull(count),
  mnt_listed: orNull(flag),
  real_dev: orNull(aText),
  real_ino: orNull(aText),
})

const readEntry = record<MapFilesEntry>({
  pid: orNull(count),
  comm: orNull(aText),
  container: orNull(aText),
  start: aText,
  end: aText,
  perms: orNull(aText),
  offset: orNull(aText),
  link: aText,
  kernel: readKernel,
  unit: optional(orNull(aText)),
  cgroup: optional(orNull(aText)),
})

/**
 * A stream from map_files entries in text, or raw records in NDJSON, to {@link RawVma} records.
 *
 * Errors are {@link InputError}s: a line that is neither, is too long, or is a record with wrong fields.
 *
 * @example child.stdout.pipe(parseMapFiles()).on('data', (entry) => entry.link)
 */
export function parseMapFiles(options?: LineOptions): RecordStream<Chunk | Text<RawVma>, Text<RawVma>> {
  return recordStream(entryFilter(), options)
}

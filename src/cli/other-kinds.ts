/** What people have at hand and give to the wrong command: one message for the FILE, which says what it is and what to give. */
import { InputError } from '../errors.js'
import type { Filter } from '../lines/filter.js'
import { parseMountsLine } from '../proc/mounts/mounts-line.js'
import type { ByteString } from '../text/byte-string.js'

/** Something that is known, by its first line that a command cannot use. A record may have a text of another kind in a path. */
interface Kind {
  name: string
  is: RegExp | ((line: ByteString) => boolean)
  /** What makes of it what a command reads, by that. */
  through?: { [read: string]: string }
  /** What helps whatever is read; without it what is read is to be given in its place. */
  instead?: string
}

const KINDS: readonly Kind[] = [
  { name: 'VMA records', is: /^[ \t]*\{(?=.*"start":)(?=.*"link":)/s },
  {
    name: 'raw VMA records',
    is: /^[ \t]*\{(?=.*"start":)(?=.*"link":)(?!.*"path":)/s,
    through: { 'VMA records': 'pipe it through aufs-vma' },
  },
  {
    name: 'branch tables',
    is: /^[ \t]*\{(?=.*"fs_type":)(?=.*"branches":)/s,
    through: { 'entries of map_files': 'give it by --branches' },
  },
  {
    name: 'mount records',
    is: /^[ \t]*\{(?=.*"mount_point":)(?=.*"super_options":)/s,
    through: { 'branch tables': 'pipe it through aufs-branches' },
  },
  {
    name: 'a JSON array of records',
    is: /^[ \t]*\[[ \t]*\{.*"(mount_point|link|branches)":/s,
    instead: "a record is one line (jq -c '.[]')",
  },
  {
    name: 'JSON of docker inspect',
    is: /^[ \t]*(\[|\{(?=.*"(GraphDriver|HostConfig|RootFS)":))/s,
    instead:
      'it names the process, as docker inspect -f {{.State.Pid}} does: that one has what is needed (of records: jq -c .[])',
  },
  {
    name: 'JSON of several lines',
    is: /^[ \t]*\{[ \t]*$/,
    instead: 'a record is one line (jq -c .)',
  },
  {
    name: 'mountinfo',
    is: /^\d+ \d+ \d+:\d+ \S+ \S+ \S+ .*- \S+ /s,
    through: { 'branch tables': 'pipe it through aufs-branches' },
  },
  {
    name: '/proc/mounts',
    is: (line) => parseMountsLine(line) !== null,
    through: { 'branch tables': 'pipe it through aufs-branches' },
  },
  { name: 'the output of mount', is: /^.* on \/.* type \S+ \([^()]*\)( \[.*\])?$/s },
  {
    name: 'the output of findmnt',
    is: /^(TARGET +SOURCE +FSTYPE +OPTIONS|(\/|[ |`\xe2\x94\x80\x94\x9c\x82-]+\/)\S* +\S+ +\S+ +r[ow],)/,
  },
  {
    name: 'branches as sysfs has them, or a log of CRIU',
    is: /^(?![ \t]*\{).*\/sys\/fs\/aufs\/si_[0-9a-f]{1,16}\/(br|xi_path)|^\(\d\d\.\d{6}\) /s,
    instead: 'aufs-log makes tables of those',
  },
  {
    name: 'entries of map_files',
    is: /^(total \d+$|l[r-][w-]x------|(?![ \t]*\{).*[0-9a-f]-[0-9a-f]+ -> \/)/s,
    through: { 'VMA records': 'pipe it through aufs-vma' },
    instead: 'aufs-vma makes VMA records of those',
  },
  {
    name: 'the maps of a process',
    is: /^[0-9a-f]+-[0-9a-f]+ [r-][w-][x-][ps] [0-9a-f]+ [0-9a-f]+:[0-9a-f]+ \d+/,
    instead: 'aufs-vma --pid PID reads it, and all that belongs to it',
  },
  {
    name: 'process numbers',
    is: /^\d+( \d+)*$/,
    instead: 'aufs-vma takes them by --pid, as in --pid "$(pgrep -d, NAME)"',
  },
]

/** Where what a command reads comes from. */
const SOURCES = {
  mountinfo: 'give it /proc/PID/mountinfo',
  'branch tables': 'give it what aufs-branches or aufs-log writes',
  'VMA records': 'give it what aufs-vma writes',
  'entries of map_files': 'name processes by --pid, or give it ls -l of a map_files folder',
}

/** What is longer is told by its start, if it is JSON. Other lines that people have at hand are shorter. */
const LONGEST = 10_000

/** The kinds that a command reads, the one to name first. */
export type Reads = readonly [keyof typeof SOURCES, ...string[]]

/**
 * A filter that says once what a FILE is, where that is of a known other kind, and then nothing more of lines that it cannot use.
 */
export function namingOtherKinds<T>(filter: Filter<T>, ...reads: Reads): Filter<T> {
  let other: Kind | undefined
  let isUsed = false
  return {
    ...filter,
    line(line, emit, warn) {
      try {
        filter.line(line, emit, warn)
        isUsed = true
      } catch (error) {
        // What is of both kinds has a message for each line.
        if (isUsed || !(error instanceof InputError)) throw error
        if (other !== undefined) return
        other = kindOf(line.text, reads)
        if (other === undefined) throw error
        throw new InputError(`this is ${other.name}, not ${reads[0]}: ${cureFor(other, reads)}`)
      }
    },
  }
}

function kindOf(line: ByteString, except: readonly string[]): Kind | undefined {
  const start = line.slice(0, LONGEST)
  if (start !== line && !/^[ \t]*[[{]/.test(start)) return undefined
  return KINDS.find(
    ({ name, is }) => !except.includes(name) && (is instanceof RegExp ? is.test(start) : is(start)),
  )
}

function cureFor({ through = {}, instead }: Kind, [first, ...others]: Reads): string {
  const [made] = [first, ...others].flatMap((read) => through[read] ?? [])
  return made ?? instead ?? SOURCES[first]
}

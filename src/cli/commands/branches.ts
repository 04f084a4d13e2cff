/** Mountinfo lines or mount records to branch tables. */

import { resolve } from 'node:path'
import { logFormat } from '../../criu/log-format.js'
import type { Filter } from '../../lines/filter.js'
import { lineTransform } from '../../lines/line-transform.js'
import { plainMountLine } from '../../proc/mounts/mountinfo-json.js'
import { type ByteString, bytesOf } from '../../text/byte-string.js'
import { ndjsonLine } from '../../text/json.js'
import { type TableOptions, tableFilter } from '../../unions/tables.js'
import { isOtherMount, unionTypes } from '../../unions/types.js'
import { namingOtherKinds } from '../other-kinds.js'
import type { Run } from '../run.js'
import { type AnyUsage, type Args, MOUNTINFO, SUPERBLOCK, tree } from '../usage.js'

/** What it reads. */
const KINDS = ['mountinfo', 'mount records', '/proc/mounts'] as const

function pipeline({ options, each }: Run<Args<typeof usage.options>>): void {
  const { sysfs, type, 'overlay-base': base } = options
  const wanted = {
    sysfs,
    ...(type && { types: [type] }),
    ...(base && { overlayBase: bytesOf(resolve(base)) }),
  }
  const isLog = options.format === 'log'
  const format = logFormat()
  each((lines) =>
    isLog
      ? lineTransform(namingOtherKinds(tableFilter(wanted), ...KINDS), format, lines)
      : lineTransform(namingOtherKinds(jsonFilter(wanted), ...KINDS), (line) => line, lines),
  )
}

/** The filter from mounts to the NDJSON of their tables. Of most mounts no table need be made for that. */
function jsonFilter(options: TableOptions): Filter<ByteString> {
  const { next, line: takeLine } = tableFilter(options)
  const plainTables = unionTypes
    .filter(({ fsType }) => options.types?.includes(fsType) ?? true)
    .flatMap(({ plainTableJson }) => plainTableJson ?? [])
  return {
    ...(next && { next }),
    line(line, emit, warn) {
      const text = plainMountLine(line.text) ?? line.text
      if (isOtherMount(text)) return
      const plain = plainTables.map((toJson) => toJson(text)).find((json) => json !== null)
      if (plain != null) emit(plain)
      else takeLine(line, (table) => emit(ndjsonLine(table)), warn)
    },
  }
}

const usage = {
  name: 'aufs-branches',
  synopsis: ['[OPTION]... [FILE]...'],
  about:
    'Mountinfo lines, lines of /proc/mounts or mount records in, the branch table of each union mount out (NDJSON). Other mounts are passed over.',
  hint: 'try: aufs-branches < /proc/self/mountinfo',
  options: {
    type: { value: ['aufs', 'overlay'], describe: 'Only unions of this type' },
    format: {
      value: ['ndjson', 'log'],
      default: 'ndjson',
      describe: "Tables, or CRIU's log lines: (00.000000) /sys/fs/aufs/si_X/brN : PATH",
    },
    'overlay-base': {
      value: 'DIR',
      describe: 'The folder of overlay layers whose paths are relative',
    },
    sysfs: tree.sysfs,
  },
  examples: [
    ['cat /proc/1/mountinfo | aufs-branches', 'every union in the namespace of process 1'],
    ["aufs-branches /proc/1/mountinfo | jq -r '.branches[].path'", 'the folders that they are made of'],
    ['aufs-branches --format log /proc/1/mountinfo >> dump.log', 'what scripts read before `criu restore`'],
  ],
  files: [MOUNTINFO, SUPERBLOCK],
} as const satisfies AnyUsage

export const branches = { usage, pipeline }

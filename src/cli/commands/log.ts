/** CRIU's log lines to branch tables. */

import { logFilter } from '../../criu/dump-log.js'
import { checkLog } from '../../criu/log-check.js'
import { lineTransform } from '../../lines/line-transform.js'
import { ndjsonLine } from '../../text/json.js'
import type { Run } from '../run.js'
import type { AnyUsage, Args } from '../usage.js'

function pipeline({ each }: Run<Args<typeof usage.options>>): void {
  const filter = logFilter()
  each((lines, note) => {
    const checked = checkLog(filter, () => note('no line is of a log of CRIU'))
    return lineTransform(checked, ndjsonLine, lines)
  })
}

const usage = {
  name: 'aufs-log',
  synopsis: ['[OPTION]... [FILE]...'],
  about:
    'CRIU log lines in, the branch table of each union that CRIU logged out (NDJSON). So are branches as grep prints them ' +
    'of sysfs. All other lines are passed over.',
  hint: 'try: aufs-log dump.log',
  options: {},
  examples: [
    ['grep . /sys/fs/aufs/si_*/br* | aufs-log', 'every AUFS of the machine, with its permissions'],
    ['aufs-log dump.log', 'the unions of the process that was dumped'],
    ["aufs-log dump.log | jq -r '.branches[].path'", 'the folders that they are made of'],
    [
      'aufs-log dump.log | aufs-remount --root /mnt/restore',
      'the commands that mount them again; | sh runs them',
    ],
  ],
  files: [['dump.log', 'What CRIU logs while it dumps, in the folder of its images.']],
} as const satisfies AnyUsage

export const log = { usage, pipeline }

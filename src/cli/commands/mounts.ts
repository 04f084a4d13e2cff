/** Mountinfo lines to mount records. */

import { lineTransform } from '../../lines/line-transform.js'
import { mountJsonFilter } from '../../proc/mounts/mountinfo-json.js'
import { namingOtherKinds } from '../other-kinds.js'
import type { Run } from '../run.js'
import { type AnyUsage, type Args, MOUNTINFO } from '../usage.js'

function pipeline({ each }: Run<Args<typeof usage.options>>): void {
  each((lines) => lineTransform(namingOtherKinds(mountJsonFilter(), 'mountinfo'), (line) => line, lines))
}

const usage = {
  name: 'aufs-mounts',
  synopsis: ['[OPTION]... [FILE]...'],
  about:
    'Mountinfo lines in, one mount record a line out (NDJSON). Reads standard input where there is no FILE, or for -.',
  hint: 'try: aufs-mounts < /proc/self/mountinfo',
  options: {},
  examples: [
    ['aufs-mounts /proc/1/mountinfo', 'every mount of the host'],
    [
      `aufs-mounts < /proc/1/mountinfo | jq -c 'select(.fs_type == "aufs")' | aufs-branches`,
      'only the AUFS mounts, and their branches',
    ],
  ],
  files: [MOUNTINFO],
} as const satisfies AnyUsage

export const mounts = { usage, pipeline }

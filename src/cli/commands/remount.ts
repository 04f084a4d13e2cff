/** Branch tables to shell commands that mount the unions again. */

import { lineTransform } from '../../lines/line-transform.js'
import { bytesOf } from '../../text/byte-string.js'
import { remountFilter } from '../../unions/remount.js'
import type { Args } from '../arguments.js'
import type { Run } from '../run.js'
import type { AnyUsage } from '../usage.js'

function pipeline({ options: { root }, each }: Run<Args<typeof usage.options>>): void {
  const filter = remountFilter(root === undefined ? null : bytesOf(root))
  each((lines) => lineTransform(filter, (text) => text, lines))
}

const usage = {
  name: 'aufs-remount',
  synopsis: ['[OPTION]... [FILE]...'],
  about: `Branch tables in (NDJSON), shell commands that mount the unions again out: for sh, which they end at the first that fails.
With --root, the first union goes to DIR, and one that was mounted in a folder of it to that folder below DIR.`,
  hint: 'try: aufs-branches /proc/self/mountinfo | aufs-remount',
  options: {
    root: {
      type: 'string',
      value: 'DIR',
      requiresArg: true,
      describe: 'Where to mount; without it at the own mount point of each, which then must be there',
    },
  },
  examples: [
    ['aufs-log dump.log | aufs-remount --root /mnt/restore', 'read what would be run'],
    [
      'aufs-log dump.log | aufs-remount --root /mnt/restore | sh',
      'the union, mounted again before `criu restore`',
    ],
  ],
  files: [],
} as const satisfies AnyUsage

export const remount = { usage, pipeline }

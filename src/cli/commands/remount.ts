/** Branch tables to shell commands that mount the unions again. */

import { resolve } from 'node:path'
import { lineTransform } from '../../lines/line-transform.js'
import { bytesOf } from '../../text/byte-string.js'
import { remountFilter } from '../../unions/remount/remount.js'
import { namingOtherKinds } from '../other-kinds.js'
import type { Run } from '../run.js'
import type { AnyUsage, Args } from '../usage.js'

function pipeline({ options, each, note }: Run<Args<typeof usage.options>>): void {
  const folder = (given: string | undefined) => (given === undefined ? null : bytesOf(resolve(given)))
  const filter = remountFilter({
    root: folder(options.root),
    prefix: folder(options.prefix),
    readOnly: options['read-only'],
    note,
  })
  each((lines) => lineTransform(namingOtherKinds(filter, 'branch tables'), (text) => text, lines))
}

const usage = {
  name: 'aufs-remount',
  synopsis: ['[OPTION]... [FILE]...'],
  about: `Branch tables in (NDJSON), a shell script out that mounts the unions again as they were. Run by sh, it goes on after one that fails, and fails at its end.
With --root, the first union goes to DIR, and one that was mounted in a folder of it to that folder below DIR.`,
  hint: 'try: aufs-branches /proc/self/mountinfo | aufs-remount',
  options: {
    root: {
      value: 'DIR',
      describe: 'Where to mount; without it at the own mount point of each, which then must be there',
    },
    prefix: {
      value: 'DIR',
      describe: "Where the root of the layers is by now: a dead machine's disk",
    },
    'read-only': {
      describe: 'Write to no layer: the upper folder is the first lower one',
    },
  },
  examples: [
    ['aufs-log dump.log | aufs-remount --root /mnt/restore', 'read what would be run'],
    [
      'aufs-log dump.log | aufs-remount --root /mnt/restore | sh',
      'the union, mounted again before `criu restore`',
    ],
    [
      'aufs-remount --prefix /mnt/disk --root /mnt/see --read-only tables.ndjson | sh',
      "what a container of a dead machine had, of that machine's disk",
    ],
  ],
  files: [],
} as const satisfies AnyUsage

export const remount = { usage, pipeline }

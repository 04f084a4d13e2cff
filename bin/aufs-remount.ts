#!/usr/bin/env node
import { bytesOf } from '../src/bytes.js'
import { command } from '../src/cli/command.js'
import { aufsRemount } from '../src/cli/usage.js'
import { converter } from '../src/lines.js'
import { remountFilter } from '../src/remount.js'

command(aufsRemount, ({ options: { root }, each }) => {
  const filter = remountFilter(root === undefined ? null : bytesOf(root))
  each((lines) => converter(filter, (text) => text, lines))
})

#!/usr/bin/env node
import { ndjsonLine } from '../src/bytes.js'
import { command } from '../src/cli/command.js'
import { aufsLog } from '../src/cli/usage.js'
import { converter } from '../src/lines.js'
import { logFilter } from '../src/log.js'

command(aufsLog, ({ each }) => {
  const filter = logFilter()
  each((lines) => converter(filter, ndjsonLine, lines))
})

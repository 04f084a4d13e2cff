#!/usr/bin/env node
import { resolve } from 'node:path'
import { bytesOf, ndjsonLine } from '../src/bytes.js'
import { command } from '../src/cli/command.js'
import { aufsBranches } from '../src/cli/usage.js'
import { converter } from '../src/lines.js'
import { logFormat, tableFilter } from '../src/tables.js'

command(aufsBranches, ({ options, each }) => {
  const { sysfs, type, 'overlay-base': base } = options
  const wanted = {
    sysfs,
    ...(type && { types: [type] }),
    ...(base && { overlayBase: bytesOf(resolve(base)) }),
  }
  const format = options.format === 'log' ? logFormat() : ndjsonLine
  each((lines) => converter(tableFilter(wanted), format, lines))
})

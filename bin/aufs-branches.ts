#!/usr/bin/env node
import { bytesOf, ndjsonLine } from '../src/bytes.js'
import { command } from '../src/cli/command.js'
import { aufsBranches } from '../src/cli/usage.js'
import { chunkStream } from '../src/lines.js'
import { logFormat, tableFilter } from '../src/tables.js'

await command(aufsBranches, ({ options, each }) => {
  const { sysfs, type, 'overlay-base': base } = options
  const wanted = { sysfs, ...(type && { types: [type] }), ...(base && { overlayBase: bytesOf(base) }) }
  const format = options.format === 'log' ? logFormat() : ndjsonLine
  return each((lines) => chunkStream(tableFilter(wanted), format, lines))
})

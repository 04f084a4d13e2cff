#!/usr/bin/env node
import { ndjsonLine } from '../src/bytes.js'
import { command } from '../src/cli/command.js'
import { aufsVma } from '../src/cli/usage.js'
import { processRecords, viewOptions, wantedPids } from '../src/cli/vma.js'
import { Fixer, vmaFilter } from '../src/fix.js'
import { chunkStream } from '../src/lines.js'
import { entryFilter } from '../src/map-files.js'

await command(aufsVma, async ({ options, files, report, each, send }) => {
  const pids = wantedPids(options, files)
  const view = await viewOptions(options, report)
  if (pids !== null) return send(processRecords(new Fixer(view), pids, options, report))
  return each((lines) =>
    chunkStream<object>(options.raw ? entryFilter() : vmaFilter(view), ndjsonLine, lines),
  )
})

#!/usr/bin/env node
import { ndjsonLine } from '../src/bytes.js'
import { command } from '../src/cli/command.js'
import { aufsVma } from '../src/cli/usage.js'
import { processRecords, viewOptions, wantedPids } from '../src/cli/vma.js'
import { Fixer, vmaFilter } from '../src/fix.js'
import { converter } from '../src/lines.js'
import { entryFilter } from '../src/map-files.js'
import { isStale } from '../src/state.js'
import { unfixed, type Vma } from '../src/vma.js'

command(aufsVma, ({ options, files, report, each, read, send }) => {
  const pids = wantedPids(options, files)
  const view = viewOptions(options, read)
  if (pids !== null) return send(processRecords(new Fixer(view), pids, options, report))
  if (options.raw)
    return each((lines) => converter(entryFilter(), (entry) => ndjsonLine(unfixed(entry)), lines))
  const format = (vma: Vma) => (options.stale && !isStale(vma) ? '' : ndjsonLine(vma))
  each((lines) => converter(vmaFilter(view), format, lines))
})

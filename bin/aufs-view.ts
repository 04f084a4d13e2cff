#!/usr/bin/env node
import type { BranchTable } from '../src/branches.js'
import { command } from '../src/cli/command.js'
import { aufsView } from '../src/cli/usage.js'
import { show } from '../src/cli/view.js'
import { converter } from '../src/lines.js'
import { pictureOf } from '../src/picture/picture.js'
import { type DrawnVma, drawnFilter } from '../src/picture/records.js'

command(aufsView, ({ options, each, ...run }) => {
  const records: (DrawnVma | BranchTable)[] = []
  const keep = (record: DrawnVma | BranchTable) => {
    records.push(record)
    return ''
  }
  each((lines) => converter(drawnFilter(), keep, lines))
  show(pictureOf(records), options, run)
})

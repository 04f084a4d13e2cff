#!/usr/bin/env node
import { command } from '../src/cli/command.js'
import { aufsRemount } from '../src/cli/usage.js'
import { remount } from '../src/remount.js'

await command(aufsRemount, ({ options: { root }, each }) =>
  each((lines) => remount({ ...lines, ...(root !== undefined && { root }) })),
)

#!/usr/bin/env node
import { stringify } from 'ndjson'
import { command } from '../src/cli/command.js'
import { aufsLog } from '../src/cli/usage.js'
import { parseLog } from '../src/log.js'

await command(aufsLog, ({ each }) => each((lines) => [parseLog(lines), stringify()]))

#!/usr/bin/env node
import { log } from '../src/cli/commands/log.js'
import { run } from '../src/cli/run.js'

run(log)

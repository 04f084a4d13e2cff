#!/usr/bin/env node
import { criu } from '../src/cli/commands/criu.js'
import { run } from '../src/cli/run.js'

run(criu)

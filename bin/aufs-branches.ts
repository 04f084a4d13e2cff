#!/usr/bin/env node
import { branches } from '../src/cli/commands/branches.js'
import { run } from '../src/cli/run.js'

run(branches)

#!/usr/bin/env node
import { mounts } from '../src/cli/commands/mounts.js'
import { run } from '../src/cli/run.js'

run(mounts)

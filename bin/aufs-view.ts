#!/usr/bin/env node
import { view } from '../src/cli/commands/view.js'
import { run } from '../src/cli/run.js'

run(view)

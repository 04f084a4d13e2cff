#!/usr/bin/env node
import { vma } from '../src/cli/commands/vma.js'
import { run } from '../src/cli/run.js'

run(vma)

#!/usr/bin/env node
import { remount } from '../src/cli/commands/remount.js'
import { run } from '../src/cli/run.js'

run(remount)

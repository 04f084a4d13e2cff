#!/usr/bin/env node
import { images } from '../src/cli/commands/images.js'
import { run } from '../src/cli/run.js'

run(images)

#!/usr/bin/env node
import { ndjsonLine } from '../src/bytes.js'
import { command } from '../src/cli/command.js'
import { aufsMounts } from '../src/cli/usage.js'
import { converter } from '../src/lines.js'
import { mountFilter } from '../src/mounts.js'

command(aufsMounts, ({ each }) => each((lines) => converter(mountFilter(), ndjsonLine, lines)))

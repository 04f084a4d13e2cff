#!/usr/bin/env node
import { command } from '../src/cli/command.js'
import { aufsMounts } from '../src/cli/usage.js'
import { converter } from '../src/lines.js'
import { mountJsonFilter } from '../src/mount-json.js'

command(aufsMounts, ({ each }) => each((lines) => converter(mountJsonFilter(), (line) => line, lines)))

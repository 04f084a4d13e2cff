#!/usr/bin/env node
import { command } from '../src/cli/command.js'
import { aufsMounts } from '../src/cli/usage.js'
import { converter } from '../src/lines.js'
import { mountLineFilter } from '../src/mounts.js'

command(aufsMounts, ({ each }) => each((lines) => converter(mountLineFilter(), (line) => line, lines)))

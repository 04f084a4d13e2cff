#!/usr/bin/env node
import { ndjsonLine } from '../src/bytes.js'
import { command } from '../src/cli/command.js'
import { aufsMounts } from '../src/cli/usage.js'
import { chunkStream } from '../src/lines.js'
import { mountFilter } from '../src/mounts.js'

await command(aufsMounts, ({ each }) => each((lines) => chunkStream(mountFilter(), ndjsonLine, lines)))

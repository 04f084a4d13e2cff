/** Which release this is, and of which day, as CHANGELOG.md says. */
import { readFileSync } from 'node:fs'
import packageJson from '../package.json' with { type: 'json' }
import type { Release } from './man.js'

const { version } = packageJson
const [, date] =
  readFileSync('CHANGELOG.md', 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`## [${version}] - `))
    ?.split(' - ') ?? []
if (date === undefined) throw new Error(`CHANGELOG.md tells no date of ${version}`)

export const release: Release = { version, date: new Date(date) }

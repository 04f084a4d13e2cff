/** The usage of every command, as man pages and completions need it. */

import { branches } from '../src/cli/commands/branches.js'
import { criu } from '../src/cli/commands/criu.js'
import { images } from '../src/cli/commands/images.js'
import { log } from '../src/cli/commands/log.js'
import { mounts } from '../src/cli/commands/mounts.js'
import { remount } from '../src/cli/commands/remount.js'
import { view } from '../src/cli/commands/view.js'
import { vma } from '../src/cli/commands/vma.js'
import { type AnyUsage, common, type Option } from '../src/cli/usage.js'

/** What the value of an option is; of several words it is one. `VALUE` is any. */
export type Value = readonly string[] | 'DIR' | 'FILE' | 'ID' | 'PID' | 'TYPE' | 'N' | 'VALUE'

/** One option of a command. */
export interface CommandOption {
  /** With their dashes: its own, then `--no-` where it may be said no to, or the short one. */
  names: string[]
  /** Null for a flag. */
  value: Value | null
  describe: string
  /** As it would be given; null where none is, or where the option is a flag. */
  default: string | null
  isRepeated: boolean
}

/** A command with all its options. */
export interface Command extends Omit<AnyUsage, 'options'> {
  options: CommandOption[]
}

const flag = { value: null, default: null, isRepeated: false }

/** What yargs adds. */
const added: CommandOption[] = [
  { ...flag, names: ['--version'], describe: 'Show version number' },
  { ...flag, names: ['--help', '-h'], describe: 'Show help' },
]

/** Every command, by name. */
export const commands: Command[] = [branches, criu, images, log, mounts, remount, view, vma].map(
  ({ usage }) => ({
    ...(usage satisfies AnyUsage),
    options: [...optionsOf({ ...usage.options, ...common }), ...added],
  }),
)

function optionsOf(options: Record<string, Option>): CommandOption[] {
  return Object.entries(options).map(([name, option]) => {
    const value = kindOf(option)
    const given: unknown = option.default
    // A flag without a default knows three states, and `--no-` gives the third.
    const canBeNo = value === null && given === undefined
    return {
      names: canBeNo ? [`--${name}`, `--no-${name}`] : [`--${name}`],
      value,
      describe: option.describe ?? '',
      default: value === null || given === undefined ? null : String(given),
      isRepeated: option.array ?? false,
    }
  })
}

function kindOf({ type, value, choices }: Option): Value | null {
  if (type === 'boolean') return null
  if (choices !== undefined) return choices.map(String)
  return value ?? (type === 'number' ? 'N' : 'VALUE')
}

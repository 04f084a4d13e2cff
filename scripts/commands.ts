/** The usage of every command, as man pages and completions need it. */

import { branches } from '../src/cli/commands/branches.js'
import { criu } from '../src/cli/commands/criu.js'
import { images } from '../src/cli/commands/images.js'
import { log } from '../src/cli/commands/log.js'
import { mounts } from '../src/cli/commands/mounts.js'
import { remount } from '../src/cli/commands/remount.js'
import { view } from '../src/cli/commands/view.js'
import { vma } from '../src/cli/commands/vma.js'
import { type AnyUsage, type ShownOption, shownOptions } from '../src/cli/usage.js'

/** A command with all its options. */
export interface Command extends Omit<AnyUsage, 'options'> {
  options: ShownOption[]
}

/** What every command says of itself. */
export const usages: AnyUsage[] = [branches, criu, images, log, mounts, remount, view, vma].map(
  ({ usage }: { usage: AnyUsage }) => usage,
)

/** Every command, by name. */
export const commands: Command[] = usages.map((usage) => ({ ...usage, options: shownOptions(usage) }))

/** The commands that read standard input, and what they are given. */
import { inputs } from '../inputs.js'
import type { Setting } from '../row.js'
import { ours } from '../tools.js'

/** A command that reads standard input. */
interface Reader {
  name: string
  command(): string
  input(folder: string, lines: number): string
  /** Sizes are divided by it, where a line is a script of its own. */
  weight: number
}

export function readers({ folder }: Setting): Reader[] {
  const log = (to: string, lines: number) => inputs.log(to, lines, 1000)
  const vma = () => `${ours('aufs-vma')} --branches ${inputs.tables(folder, 1)}`
  const remount = () => `${ours('aufs-remount')} --root /mnt`
  return [
    { name: '`aufs-mounts`', command: () => ours('aufs-mounts'), input: inputs.containers, weight: 1 },
    {
      name: '`aufs-branches`',
      command: () => ours('aufs-branches'),
      input: inputs.overlayContainers,
      weight: 1,
    },
    { name: '`aufs-vma FILE`', command: vma, input: inputs.listing, weight: 1 },
    { name: '`aufs-log`', command: () => ours('aufs-log'), input: log, weight: 1 },
    { name: '`aufs-remount`', command: remount, input: inputs.tables, weight: 10 },
  ]
}

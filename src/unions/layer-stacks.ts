/** The layer stacks of unions: superblocks are shared by processes, and what is known of their folders with them. */
import { BoundedMap } from '../bounded-map.js'
import type { Asking } from '../files/asking.js'
import type { Mount } from '../proc/mountinfo.js'
import type { BranchTable } from './branch-table.js'
import { LayerStack } from './layer-stack.js'
import { typeOfTable } from './types.js'

const STACKS_KEPT = 100

/** Opens each stack once. Close it when done. */
export class LayerStacks {
  readonly #sysfs: string
  readonly #stacks = new BoundedMap<string, LayerStack>(STACKS_KEPT, (stack) => stack.close())

  /** @param sysfs where /sys is */
  constructor(sysfs: string) {
    this.#sysfs = sysfs
  }

  /**
   * The stack of a union.
   *
   * @param mounts of a process that has it, for the mount's options
   * @param asking what of this reader's mounts may be asked
   */
  of(table: BranchTable, mounts: readonly Mount[], asking: Asking): LayerStack {
    const key = `${table.fs_type} ${table.si ?? table.dev}`
    const known = this.#stacks.get(key)
    if (known !== undefined) return known
    const own = mounts.find(({ mount_id }) => mount_id === table.mount_id)
    const whiteouts = typeOfTable(table).whiteouts(table, own?.super_options ?? [], this.#sysfs)
    const stack = new LayerStack(table, whiteouts, asking)
    this.#stacks.set(key, stack)
    return stack
  }

  /** Gives back what is held open. It may be used again. */
  close(): void {
    for (const stack of this.#stacks.values()) stack.close()
    this.#stacks.clear()
  }
}

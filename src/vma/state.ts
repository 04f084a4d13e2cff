/**
 * `current`: the path still leads to the mapped file. `copied_up`: a higher branch has its own copy by now, and the process
 * maps the lower one. `replaced`: another file has that name now. `deleted`: nothing has.
 */
export type State = 'current' | 'copied_up' | 'replaced' | 'deleted'

const STATES: readonly State[] = ['current', 'copied_up', 'replaced', 'deleted']

/** Whether a value is one of the states. */
export function isState(value: unknown): value is State {
  return STATES.some((state) => state === value)
}

/**
 * Whether a path is known not to show any more what the process maps.
 *
 * @example isStale({ state: 'copied_up' }) // true
 */
export function isStale({ state }: { state: State | null }): boolean {
  return state !== null && state !== 'current'
}

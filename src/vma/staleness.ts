/** Whether a process maps something that its path does not show any more: what `--stale` lists and `aufs-view` marks. */

import { type NamedFile, neverHadName } from './names.js'
import { isStale, type State } from './record.js'

/**
 * Whether a mapped file had a name that shows another file by now, or none; null where that is not known.
 *
 * @example staleness({ path: '/bin/sh', rpath: null, dev: '254:0', ino: '46', state: 'replaced' }) // true
 */
export function staleness(file: NamedFile & { state: State | null }): boolean | null {
  if (neverHadName(file)) return false
  return file.state === null ? null : isStale(file)
}

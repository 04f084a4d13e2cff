/** Mounts that are asked about by their number, each held open for as long as the answer counts. */
import { closeSync, openSync } from 'node:fs'
import { BoundedMap } from '../../bounded-map.js'
import type { Asking } from '../../files/asking.js'
import { O_PATH } from '../../files/ids.js'
import type { ByteString } from '../../text/byte-string.js'
import { isBelow } from '../../text/paths.js'

/** Mounts of one process, or of this reader, that are held at once. */
const HELD_MAX = 256

interface HeldMount {
  fd: number
  mayAsk: boolean | null
}

/**
 * What may be asked, by mounts. The kernel gives the number of a mount that is gone to the next one (`mnt_alloc_id()` in
 * fs/namespace.c), so a container could have what was found out about a tmpfs taken for its FUSE. So a file of the mount is kept
 * open, and only then is it looked up.
 */
export class HeldMounts implements Asking {
  readonly #mayAsk: (mountId: number, fd: number) => boolean | null
  readonly #avoided: readonly ByteString[]
  readonly #held = new BoundedMap<number, HeldMount>(HELD_MAX, ({ fd }) => closeSync(fd))

  /**
   * @param mayAsk whether the filesystem of a mount may be asked, by what mountinfo says now; null where no mountinfo lists it
   * @param avoided mount points that no path is to lead through
   */
  constructor(mayAsk: (mountId: number, fd: number) => boolean | null, avoided: readonly ByteString[]) {
    this.#mayAsk = mayAsk
    this.#avoided = avoided
  }

  mayAsk(fd: number, mountId: number): boolean | null {
    const known = this.#held.get(mountId)
    if (known !== undefined) return known.mayAsk
    const held: HeldMount = { fd: openSync(`/proc/self/fd/${fd}`, O_PATH), mayAsk: true }
    // A union may be mounted over a layer of its own: while its layers are looked at it is no obstacle.
    this.#held.set(mountId, held)
    held.mayAsk = this.#mayAsk(mountId, fd)
    return held.mayAsk
  }

  mayPass(path: ByteString): boolean {
    return !this.#avoided.some((mountPoint) => isBelow(path, mountPoint))
  }

  /** Lets go of the mounts. It may be used again. */
  close(): void {
    for (const { fd } of this.#held.values()) closeSync(fd)
    this.#held.clear()
  }
}

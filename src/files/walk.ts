/** Opens folders by any path of this reader's, as the kernel would, but asks nothing of what may hang on the way. */
import { closeSync, constants, fstatSync, readlinkSync } from 'node:fs'
import type { ByteString } from '../text/byte-string.js'
import { join, split } from '../text/paths.js'
import { type Asking, NotAskedError, type OpenFile, openToAsk } from './asking.js'
import { fsPath, isProcfs } from './ids.js'

/** A folder that was opened by its path. */
export interface OpenFolder extends OpenFile {
  /** Where it is, without links, from the root that mounts are seen from; null where that is not known. */
  path: ByteString | null
}

/** As many links are followed as the kernel follows (MAXSYMLINKS). */
const LINKS_MAX = 40

/**
 * Opens a folder by its path, component by component: the mount of each is known before anything below it is looked up.
 * Links are followed. Close it when done.
 *
 * @throws NotAskedError, or the system's error
 * @example walkTo('/var/lib/docker/overlay2/l/ABC', asking).path // '/var/lib/docker/overlay2/0123/diff'
 */
export function walkTo(path: ByteString, asking: Asking): OpenFolder {
  return new Walk(path, asking).toEnd()
}

/**
 * Opens the root of a process through its link in a procfs, in one jump: the text of such a link is no way to get there.
 *
 * @param asking the mounts as that process sees them
 * @throws NotAskedError, or the system's error
 */
export function jumpTo(link: ByteString, asking: Asking): OpenFolder {
  if (!asking.mayPass('/')) throw new NotAskedError()
  return { ...openToAsk(link, constants.O_DIRECTORY, null, asking), path: '/' }
}

class Walk {
  readonly #asking: Asking
  /** The names that are left, the next one last. */
  readonly #ahead: ByteString[]
  #at: OpenFolder
  #links = 0

  constructor(path: ByteString, asking: Asking) {
    this.#asking = asking
    this.#ahead = path.split('/').reverse()
    this.#at = path.startsWith('/') ? this.#top() : this.#here()
  }

  toEnd(): OpenFolder {
    try {
      for (let name = this.#ahead.pop(); name !== undefined; name = this.#ahead.pop())
        if (name !== '' && name !== '.') this.#step(name)
      if (!fstatSync(this.#at.fd).isDirectory()) throw systemError('ENOTDIR')
      return this.#at
    } catch (error) {
      closeSync(this.#at.fd)
      throw error
    }
  }

  #step(name: ByteString): void {
    const next = this.#open(name, constants.O_NOFOLLOW)
    if (fstatSync(next.fd).isSymbolicLink()) {
      closeSync(next.fd)
      this.#follow(name)
    } else this.#moveTo(next)
  }

  #follow(name: ByteString): void {
    this.#links += 1
    if (this.#links > LINKS_MAX) throw systemError('ELOOP')
    const here = `/proc/self/fd/${this.#at.fd}`
    if (isProcfs(here)) {
      // Where a link of procfs leads is not what it says: that of a container's root says `/`.
      this.#moveTo({ ...this.#open(name, 0), path: null })
      return
    }
    const target = readlinkSync(fsPath(`${here}/${name}`), 'buffer').toString('latin1')
    if (target.startsWith('/')) this.#moveTo(this.#top())
    this.#ahead.push(...target.split('/').reverse())
  }

  #open(name: ByteString, flags: number): OpenFolder {
    const { fd, mountId, path } = this.#at
    const inside = path === null ? null : name === '..' ? parentOf(path) : join(path, `/${name}`)
    if (inside !== null && !this.#asking.mayPass(inside)) throw new NotAskedError()
    return { ...openToAsk(`/proc/self/fd/${fd}/${name}`, flags, mountId, this.#asking), path: inside }
  }

  #moveTo(folder: OpenFolder): void {
    closeSync(this.#at.fd)
    this.#at = folder
  }

  #top(): OpenFolder {
    return jumpTo('/', this.#asking)
  }

  #here(): OpenFolder {
    const path = readlinkSync('/proc/self/cwd', 'buffer').toString('latin1')
    if (!this.#asking.mayPass(path)) throw new NotAskedError()
    return { ...openToAsk('.', constants.O_DIRECTORY, null, this.#asking), path }
  }
}

function parentOf(path: ByteString): ByteString {
  return split(path).folder || '/'
}

function systemError(code: 'ELOOP' | 'ENOTDIR'): Error {
  return Object.assign(new Error(code), { code })
}

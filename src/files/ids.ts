/** How the kernel identifies files: devices, inodes, mounts of descriptors. */
import { closeSync, openSync, readSync, statfsSync } from 'node:fs'
import type { ByteString } from '../text/byte-string.js'

/** A file's identity. */
export interface FileId {
  /** `major:minor` of st_dev, decimal. Not always the device of mountinfo and maps (btrfs, overlays of several filesystems). */
  dev: string
  /** Decimal; a string, as it may pass 2^53. */
  ino: string
}

/** O_PATH, which node:fs does not name: the same on all of Node's Linux machines. */
export const O_PATH = 0o10000000

/** A byte string as node:fs takes it. */
export function fsPath(path: ByteString): string | Buffer {
  return /[^\0-\x7f]/.test(path) ? Buffer.from(path, 'latin1') : path
}

/** `major:minor` of a st_dev, as glibc's gnu_dev_major() and gnu_dev_minor() have it. */
export function deviceName(dev: bigint): string {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn)
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn)
  return `${major}:${minor}`
}

/** An inode's number. Node reads it as signed, but it may have its highest bit (overlayfs's `xino`). */
export function inodeName(ino: bigint): string {
  return String(BigInt.asUintN(64, ino))
}

/** The first lines of fdinfo (`seq_show()` in fs/proc/fd.c) fit: pos, flags and mnt_id. */
const fdinfo = Buffer.alloc(128)

const MOUNT_ID = '\nmnt_id:\t'

/**
 * The mount of an open file. No filesystem is asked. fdinfo is the reader's own, so it is read from the real /proc; as it is
 * read for each file that is looked up, it is read into one buffer.
 */
export function mountIdOf(fd: number): number | null {
  const info = openSync(`/proc/self/fdinfo/${fd}`, 'r')
  try {
    const text = fdinfo.toString('latin1', 0, readSync(info, fdinfo))
    const at = text.indexOf(MOUNT_ID)
    return at === -1 ? null : Number.parseInt(text.slice(at + MOUNT_ID.length), 10)
  } finally {
    closeSync(info)
  }
}

const PROC_SUPER_MAGIC = 0x9fa0

/** Whether a folder is a procfs, and no tree that was captured from one. */
export function isProcfs(folder: string): boolean {
  try {
    return statfsSync(folder).type === PROC_SUPER_MAGIC
  } catch {
    return false
  }
}

/** Whether two inodes have the same number, but for the upper bits that tell layers apart (overlayfs's xino). */
export function isSameNumber({ ino }: FileId, other: FileId): boolean {
  return BigInt.asUintN(32, BigInt(ino)) === BigInt.asUintN(32, BigInt(other.ino))
}

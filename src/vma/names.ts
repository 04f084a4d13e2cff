/** What the kernel calls a mapped file in links and in maps. */
import type { Kernel } from '../proc/map-files.js'
import type { ByteString } from '../text/byte-string.js'
import { below, DELETED, isBelow, withoutDeleted } from '../text/paths.js'

/**
 * The name in maps as raw bytes. maps escapes a newline as `\012` and nothing else, so `\012` may also be what the file is
 * called: a component is decoded only where the link has it so.
 */
export function mapsName(name: ByteString, link: ByteString): ByteString {
  if (!name.includes('\\012') || !link.includes('\n')) return name
  const told = withoutDeleted(name)
  const components = told.split('/')
  const raw = withoutDeleted(link).split('/')
  const escaped = raw.map((component) => component.replaceAll('\n', '\\012'))
  const ahead = raw.length - components.length
  const first = new Map(escaped.map((component, i) => [component, raw[i]] as const).reverse())
  // Both end in the same file, so the component at the same distance from the end is asked first.
  const decoded = components.map((component, i) => {
    const across = i + ahead
    return (escaped[across] === component ? raw[across] : first.get(component)) ?? component
  })
  return decoded.join('/') + name.slice(told.length)
}

/** A name told from the reader's root as the process sees it, from its own (chroot). */
export function seenFrom(root: ByteString, name: ByteString): ByteString {
  return isBelow(name, root) ? (below(name, root) ?? name) : name
}

/**
 * A path in a union that was told by a branch alone: AUFS renames a folder that is removed to `.wh..wh.NAME.XXXX` in its
 * branch (whiteout.c), where what is mapped from it stays.
 */
export function withoutWhiteouts(path: ByteString): ByteString {
  return path.replace(/\/\.wh\.\.wh\.([^/]+)\.[0-9a-f]{4}(?=\/)/g, '/$1')
}

/**
 * The kernel's names of memory that is no file of a mounted filesystem, less its ` (deleted)`: memfd, SysV, shared anonymous
 * (shmem_zero_setup()), huge pages, AIO, memfd_secret(), buffers of GPUs (drm_gem_object_init(), i915) and Android's ashmem.
 */
const MEMORY =
  /^\/(?:memfd:.*|SYSV[0-9a-f]{8}|dev\/zero|anon_hugepage|\[aio\]|secretmem|drm mm object|i915|dev\/ashmem\/.*)$/s

/** Memory that the kernel never calls deleted: dma-buf (dmabuffs_dname()), and what is no path at all, as `anon_inode:[io_uring]`. */
const DYNAMIC_NAME = /^(?:[^/]|\/dmabuf:)/

/** Whether a link is what the kernel calls memory that is no file of any filesystem that is mounted. */
export function isMemory(link: ByteString): boolean {
  return DYNAMIC_NAME.test(link) || (link.endsWith(DELETED) && MEMORY.test(withoutDeleted(link)))
}

/** What of a VMA record tells whether its file ever had a name. */
export interface NamedFile {
  path: ByteString
  rpath: ByteString | null
  dev: string | null
  ino: string | null
  kernel?: Pick<Kernel, 'dev' | 'ino' | 'maps_ino' | 'mnt_listed'>
}

/**
 * Whether a mapped file never had a name in a folder, so that no other file can have that name by now: memory, and a file that
 * was opened with O_TMPFILE. The kernel calls both deleted.
 *
 * @example neverHadName({ path: '/tmp/#46', rpath: null, dev: '254:0', ino: '46' }) // true: its name would be its inode's number
 */
export function neverHadName(file: NamedFile): boolean {
  return isTemporary(file) || ((DYNAMIC_NAME.test(file.path) || MEMORY.test(file.path)) && !isOnMount(file))
}

/** The kernel calls a file of O_TMPFILE by the number of its inode (d_mark_tmpfile()); a file that was really called so has another number. */
function isTemporary({ path, ino, kernel }: NamedFile): boolean {
  const [, number] = /\/#(\d+)$/.exec(path) ?? []
  return number !== undefined && [ino, kernel?.ino, kernel?.maps_ino].includes(number)
}

/** A file may be called as memory is. Memory lies on mounts that no mountinfo lists. */
function isOnMount({ rpath, dev, kernel }: NamedFile): boolean {
  if (rpath !== null || kernel === undefined) return rpath !== null
  // Of an entry that was not opened, a record has a device only where it is that of the mount over the path.
  return kernel.mnt_listed ?? (kernel.dev === null && dev !== null)
}

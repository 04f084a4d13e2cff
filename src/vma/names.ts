/** What the kernel calls a mapped file in links and in maps. */
import type { ByteString } from '../text/byte-string.js'
import { below, isBelow, withoutDeleted } from '../text/paths.js'

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

/** What the kernel calls memory that is no file of any filesystem that is mounted: memfd, SysV, shared anonymous, AIO. */
export function isMemory(link: ByteString): boolean {
  return /^\/(memfd:.*|SYSV[0-9a-f]{8}|dev\/zero|anon_hugepage|\[aio\]) \(deleted\)$/s.test(link)
}

/** Paths, by component: `/l/a` holds `/l/a/x` and itself, never `/l/ab`. */
import type { ByteString } from './byte-string.js'

/** Whether a path is a folder or lies below it. */
export function isBelow(path: ByteString, folder: ByteString): boolean {
  if (folder === '/') return path.startsWith('/')
  return path.startsWith(folder) && (path.length === folder.length || path[folder.length] === '/')
}

/**
 * What of a path is left below a folder, with its slash; `/` for the folder itself, null where it does not lie below.
 *
 * @example below('/l/a/bin/sh', '/l/a') // '/bin/sh'
 */
export function below(path: ByteString, folder: ByteString): ByteString | null {
  if (!isBelow(path, folder)) return null
  return folder === '/' ? path : path.slice(folder.length) || '/'
}

/**
 * A path put below a folder.
 *
 * @example join('/u', '/bin/sh') // '/u/bin/sh'
 */
export function join(folder: ByteString, path: ByteString): ByteString {
  if (folder === '/') return path
  return path === '/' ? folder : folder + path
}

/** What the kernel adds to the name of what is no longer there. A file may be so named, too. */
export const DELETED = ' (deleted)'

/** A name less the kernel's ` (deleted)`. */
export function withoutDeleted(name: ByteString): ByteString {
  return name.endsWith(DELETED) ? name.slice(0, -DELETED.length) : name
}

/** Paths, by component: `/l/a` holds `/l/a/x` and itself, never `/l/ab`. */
import type { ByteString } from './byte-string.js'

/** Whether a path is a folder or lies below it. */
export function isBelow(path: ByteString, folder: ByteString): boolean {
  if (folder === '/') return path.startsWith('/')
  return path.startsWith(folder) && (path.length === folder.length || path[folder.length] === '/')
}

/**
 * The part of a path below a folder, from its slash; `/` for the folder itself.
 *
 * @returns null if the path does not lie below the folder
 *
 * @example below('/l/a/bin/sh', '/l/a') // '/bin/sh'
 */
export function below(path: ByteString, folder: ByteString): ByteString | null {
  if (!isBelow(path, folder)) return null
  return folder === '/' ? path : path.slice(folder.length) || '/'
}

/**
 * Puts a path below a folder.
 *
 * @example join('/u', '/bin/sh') // '/u/bin/sh'
 */
export function join(folder: ByteString, path: ByteString): ByteString {
  if (folder === '/') return path
  return path === '/' ? folder : folder + path
}

/**
 * The folder and the name of an absolute path; the folder of what lies in `/` is empty.
 *
 * @example split('/bin/sh') // { folder: '/bin', name: 'sh' }
 */
export function split(path: ByteString): { folder: ByteString; name: ByteString } {
  const slash = path.lastIndexOf('/')
  return { folder: path.slice(0, slash), name: path.slice(slash + 1) }
}

/** What the kernel adds to the name of a deleted file. The name of a file that is there may end so, too. */
export const DELETED = ' (deleted)'

/** A name without the kernel's ` (deleted)`. */
export function withoutDeleted(name: ByteString): ByteString {
  return name.endsWith(DELETED) ? name.slice(0, -DELETED.length) : name
}

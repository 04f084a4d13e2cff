/** A look at one path by itself. */
import type { ByteString } from '../text/byte-string.js'
import { split } from '../text/paths.js'
import type { Asking } from './asking.js'
import { Folder } from './folder.js'

/**
 * Looks at one path, which belongs to the mount that the folder above it lies on.
 *
 * @param look what is called with that folder, and with the path below it
 */
export function lookAt<T>(
  path: ByteString,
  asking: Asking,
  look: (above: Folder, below: ByteString) => T,
): T {
  const { folder, name } = split(path)
  const above = new Folder(folder, { asking, crossMounts: false })
  try {
    return look(above, `/${name}`)
  } finally {
    above.close()
  }
}

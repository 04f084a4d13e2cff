/** AUFS as the kernel tells it: lines of mountinfo, and the folders of sysfs. */
import type { ExecutionContext } from 'ava'
import type { ByteString } from '../../src/text/byte-string.js'
import { tempFolder, writeTree } from './folders.js'

/** A sysfs of superblocks, each the texts of its branches. */
export function sysfsOf(t: ExecutionContext, superblocks: Record<string, ByteString[]>): string {
  const sysfs = tempFolder(t)
  for (const [si, texts] of Object.entries(superblocks)) {
    writeTree(`${sysfs}/fs/aufs/si_${si}`, {
      xi_path: `/xino/${si}\n`,
      ...Object.fromEntries(texts.map((text, i) => [`br${i}`, `${text}\n`])),
      ...Object.fromEntries(texts.map((_, i) => [`brid${i}`, `${64 + i}\n`])),
    })
  }
  return sysfs
}

/** A mount of AUFS. */
export const aufs = (id: number, si: string, place = '/u', rest = '') =>
  `${id} 13 0:17 / ${place} rw,relatime shared:1 - aufs none rw,si=${si}${rest}`

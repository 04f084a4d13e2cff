/** The data of the page, read back. */
import type { PageData } from '../../src/view/page/data.js'

/** The paths of files, as the page decodes them. */
export function pathsOf({ paths }: Pick<PageData, 'paths'>): string[] {
  const decoded: string[] = []
  for (let i = 0; i < paths.length; i += 2)
    decoded.push((decoded.at(-1) ?? '').slice(0, Number(paths[i])) + paths[i + 1])
  return decoded
}

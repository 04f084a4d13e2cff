/** How AUFS hides what lies below: with files of its own names. */
import { mayBeWritable } from '../branch-table.js'
import type { OpenLayer, WhiteoutFormat } from '../layers/layer.js'

const WHITEOUT = '.wh.'

const OPAQUE = '.wh..wh..opq'

/**
 * AUFS hides what is below with a file `.wh.NAME`, and all of a folder with a file `.wh..wh..opq` in it (aufs(5), whiteout.c),
 * in a branch that is writable or has the attribute `wh`.
 */
export const whiteouts: WhiteoutFormat = {
  hasMetacopies: false,
  isWhitedOut: (layer, name) =>
    honours(layer) && Boolean(layer.folder.find(`${layer.path}/${WHITEOUT}${name}`)),
  marks: (entries) =>
    entries.map(({ layer, file }) => ({
      isOpaque: file.isFolder && honours(layer) && Boolean(layer.folder.find(`${layer.path}/${OPAQUE}`)),
      redirect: null,
    })),
  origin: ({ file }) => ({ isMeta: false, since: file.birth, isCopiedUp: () => null }),
}

function honours({ branch }: OpenLayer): boolean {
  return mayBeWritable(branch) || branch.attributes.includes('wh')
}

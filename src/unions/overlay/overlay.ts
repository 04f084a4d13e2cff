/** overlayfs: layers in the mount options, marks in extended attributes. */
import { readFileSync } from 'node:fs'
import type { ByteString } from '../../text/byte-string.js'
import { type BranchTable, isData } from '../branch-table.js'
import type { WhiteoutFormat } from '../layers/layer.js'
import type { UnionMount, UnionType } from '../union-type.js'
import { isSameInode, mapsShowsLayer } from './inodes.js'
import { isThere } from './is-there.js'
import { isWritable, mountPlan } from './mount-options.js'
import { type OverlayLayers, overlayLayers, ownOptions } from './options.js'
import { plainTableJson } from './plain-table.js'
import { overlayWhiteouts } from './whiteouts.js'

export const overlay: UnionType = {
  fsType: 'overlay',
  // What distributions shipped before Linux 3.18 took it in.
  formerFsTypes: ['overlayfs'],
  superblockId: () => null,
  ownOptions,
  branchReader:
    ({ overlayBase }) =>
    (mount) => ({ source: 'mountinfo', xi_path: null, ...layersOf(mount, overlayBase) }),
  plainTableJson,
  branchesInLog: (mount) =>
    mount.super_options.some((option) => /^lowerdir\+?=/.test(option)) ? layersOf(mount, null) : null,
  whiteouts,
  linksMayNameBranch: false,
  mapsShowsLayer,
  isSameInode,
  copyUpChangesInode: true,
  branchesMayChange: false,
  // `ovl_workdir_create()` removes what an earlier mount left there.
  madeByMount: ({ workdir }) => (workdir?.startsWith('/') ? `${workdir}/work` : null),
  // With `index=on` the copy of a file with several names stands there, too (`ovl_link_up()`).
  hardLinkFolders: ({ workdir }) => (workdir === null ? [] : [`${workdir}/index`]),
  lowerAttributes: [],
  isWritable,
  mountPlan,
}

function layersOf({ super_options, mount_source }: UnionMount, base: ByteString | null): OverlayLayers {
  return overlayLayers(super_options, { base, source: mount_source, isThere })
}

/** The kernel shows an option where it is not the module's default; what is not known may be set. */
function whiteouts({ branches }: BranchTable, options: readonly ByteString[], sysfs: string): WhiteoutFormat {
  const shown = options.findLast((option) => option.startsWith('metacopy='))
  const mayHave = shown === undefined ? isDefault('metacopy', sysfs) !== false : shown.endsWith('=on')
  const hasData = branches.some(isData)
  return overlayWhiteouts(options.includes('userxattr') ? 'user' : 'trusted', mayHave || hasData)
}

/** A parameter of the overlay module, which is the default of an option; null where sysfs does not tell it. */
function isDefault(option: string, sysfs: string): boolean | null {
  try {
    return readFileSync(`${sysfs}/module/overlay/parameters/${option}`, 'latin1').startsWith('Y')
  } catch {
    return null
  }
}

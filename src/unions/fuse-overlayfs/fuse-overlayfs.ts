/** fuse-overlayfs: an overlay made by a process, as rootless Podman uses it. The kernel knows none of its layers. */
import { InputError } from '../../errors.js'
import { overlay } from '../overlay/overlay.js'
import type { UnionType } from '../union-type.js'

export const fuseOverlayfs: UnionType = {
  ...overlay,
  fsType: 'fuse.fuse-overlayfs',
  formerFsTypes: [],
  branchReader: () => () => {
    throw new InputError(
      'a fuse-overlayfs mount: its layers stand in no mountinfo, only its server knows them',
    )
  },
  plainTableJson: null,
  branchesInLog: () => null,
  mapsShowsLayer: () => false,
  isSameInode: () => null,
}

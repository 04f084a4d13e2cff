/** AUFS: branches in sysfs, links that may name them, whiteouts as files. */
import { BoundedMap } from '../../bounded-map.js'
import { InputError } from '../../errors.js'
import type { Emit } from '../../lines/filter.js'
import { type ByteString, copyOf } from '../../text/byte-string.js'
import { mayBeWritable } from '../branch-table.js'
import type { BranchList, BranchReader, BranchSources, UnionType } from '../union-type.js'
import { mountPlan } from './mount-options.js'
import { branchesInOptions, ownOptions } from './options.js'
import { checkSi, readSuperblock, type Superblock } from './sysfs.js'
import { whiteouts } from './whiteouts.js'

export const aufs: UnionType = {
  fsType: 'aufs',
  formerFsTypes: [],
  superblockId: findSi,
  ownOptions,
  branchReader,
  plainTableJson: null,
  branchesInLog: () => null,
  whiteouts: () => whiteouts,
  linksMayNameBranch: true,
  mapsShowsLayer: () => false,
  isSameInode: () => null,
  copyUpChangesInode: false,
  branchesMayChange: true,
  // Its .wh..wh.* files stay from one mount to the next.
  madeByMount: null,
  // Pseudo-links (plink.c).
  hardLinkFolders: ({ branches }) =>
    branches.filter(mayBeWritable).flatMap(({ path }) => (path === null ? [] : `${path}/.wh..wh.plnk`)),
  lowerAttributes: ['wh'],
  // The superblock of a union without a writable branch is not read-only for that.
  isWritable: () => true,
  mountPlan,
}

/** Superblocks that are kept, so that one that is mounted many times is read once. */
const SUPERBLOCKS_KEPT = 1000

/** The branches stand in sysfs, or, with `aufs.brs=0`, in the mount options. */
function branchReader({ sysfs }: BranchSources): BranchReader {
  const known = new BoundedMap<ByteString, Superblock>(SUPERBLOCKS_KEPT)
  const superblock = (si: ByteString) => {
    const read = known.get(si) ?? readSuperblock(si, sysfs)
    known.set(si, read)
    return read
  }
  return ({ super_options }, warn) => {
    const si = findSi(super_options)
    if (si === null) throw new InputError('an aufs mount without si=', super_options.join(','))
    checkSi(si)
    const branches = branchesInOptions(super_options)
    if (branches !== null)
      return { source: 'mountinfo', xi_path: xiPath(() => superblock(si)), workdir: null, branches }
    const isNew = !known.has(si)
    return inSysfs(si, superblock(si), isNew ? warn : () => {})
  }
}

/** @throws InputError where no branch could be read: one of its own for each mount, as each is of another line */
function inSysfs(
  si: ByteString,
  { xi_path, branches, errors }: Superblock,
  warn: Emit<InputError>,
): BranchList {
  if (branches.every(({ path }) => path === null)) {
    const nothing = `si_${si}: no branch in sysfs, nor in the mount options`
    throw new InputError(errors[0]?.reason ?? nothing, errors[0]?.text ?? null)
  }
  errors.forEach(warn)
  return { source: 'sysfs', xi_path, workdir: null, branches }
}

/** Beside branches in the mount options, xi_path is all that sysfs has; a mountinfo from elsewhere does without. */
function xiPath(superblock: () => Superblock): ByteString | null {
  try {
    return superblock().xi_path
  } catch (error) {
    if (error instanceof InputError) return null
    throw error
  }
}

function findSi(superOptions: readonly ByteString[]): ByteString | null {
  const option = superOptions.find((each) => each.startsWith('si='))
  return option === undefined ? null : copyOf(option.slice('si='.length))
}

/** Mount options that give an overlay its layers, whatever bytes their paths hold. */
import { InputError } from '../../errors.js'
import type { ByteString } from '../../text/byte-string.js'
import { Links, lengthOf } from '../../text/shell.js'
import { isData } from '../branch-table.js'
import {
  LONGEST_TEXT,
  type Mountable,
  type MountableBranch,
  type MountPlan,
  type MountWay,
} from '../union-type.js'

/** How many lower layers the kernel takes (OVL_MAX_STACK in fs/overlayfs). */
const MOST_LAYERS = 500

/** fsconfig(2) takes no longer value. */
const LONGEST_VALUE = 255

/** The layers of a mount, each by its part in it. */
interface Layers {
  upper: ByteString | null
  workdir: ByteString | null
  lower: (Pick<MountableBranch, 'path'> & { isData: boolean })[]
}

/**
 * overlayfs takes a backslash before what its options would cut at, but nothing can be appended to what does not fit.
 * mount drops all options for a `"`, and a last comma even where it is escaped. The kernel tells a layer as it was given, so the
 * links that stand for those stay.
 */
export function mountPlan({ branches, workdir, flags, options }: Mountable): MountPlan {
  const layers = layersOf(branches, workdir)
  const before = [...flags, ...optionsFor(layers, options)]
  const needed = linkedWhere(layers, (path) => path.includes('"') || path.endsWith(','))
  const plain = { texts: [overlayText(needed.layers, before)], links: needed.links }
  if (fits(plain)) return { source: 'overlay', ways: [plain] }
  const all = linkedWhere(layers, () => true)
  const short = { texts: [overlayText(inFolder(all.layers), before)], links: all.links }
  if (!fits(short)) throw new InputError(`options longer than ${LONGEST_TEXT} bytes`)
  return { source: 'overlay', ways: [...oneByOne(layers, before), short] }
}

/** An overlay without an upper folder is read-only. */
export function isWritable([top]: readonly MountableBranch[]): boolean {
  return top?.perm === 'rw'
}

function layersOf(branches: readonly MountableBranch[], workdir: ByteString | null): Layers {
  const [top, ...others] = branches
  const upper = top?.perm === 'rw' ? top.path : null
  if (others.some(({ perm }) => perm === 'rw'))
    throw new InputError('only the topmost layer of an overlay can be rw')
  if (upper !== null && workdir === null) throw new InputError('an upper folder without a workdir', upper)
  const lower = (upper === null ? branches : others).map((branch) => ({
    path: branch.path,
    isData: isData(branch),
  }))
  if (lower.length > MOST_LAYERS)
    throw new InputError(`${lower.length} lower layers, of which overlayfs takes ${MOST_LAYERS} at most`)
  return { upper, workdir: upper === null ? null : workdir, lower }
}

function optionsFor({ upper, lower }: Layers, options: readonly ByteString[] | null): readonly ByteString[] {
  // Linux before 6.16 takes data-only layers with it alone.
  if (options === null) return lower.some(({ isData }) => isData) ? ['metacopy=on'] : []
  const others = options.filter((option) => !/^(fsync=)?volatile$/.test(option))
  if (upper !== null && others.length < options.length)
    throw new InputError('volatile: overlayfs takes no upper folder again that was mounted so', upper)
  return others
}

function overlayText({ upper, workdir, lower }: Layers, before: readonly ByteString[]): ByteString {
  const paths = lower.map(({ path, isData }, i) => {
    const separator = isData ? '::' : i === 0 ? '' : ':'
    return separator + path.replace(/[\\:,]/g, '\\$&')
  })
  const escaped = (path: ByteString) => path.replace(/[\\,]/g, '\\$&')
  return [
    ...before,
    `lowerdir=${paths.join('')}`,
    ...(upper === null ? [] : [`upperdir=${escaped(upper)}`]),
    ...(workdir === null ? [] : [`workdir=${escaped(workdir)}`]),
  ].join(',')
}

/** The layers, some of them by links, in the layout of Docker: of a relative `l/7` beside `…/u/diff` it is known where it is. */
function linkedWhere(
  { upper, workdir, lower }: Layers,
  isLinked: (path: ByteString) => boolean,
): { layers: Layers; links: Links } {
  const links = new Links({ areLasting: true })
  const told = (path: ByteString, name: string) => (isLinked(path) ? links.to(path, name) : path)
  const layers = {
    upper: upper === null ? null : told(upper, 'u/diff'),
    workdir: workdir === null ? null : told(workdir, 'w'),
    lower: lower.map(({ path, isData }, i) => ({ path: told(path, `l/${i}`), isData })),
  }
  return { layers, links }
}

/** The lower layers as told from the folder of the links; without an upper folder the topmost tells where that is. */
function inFolder({ upper, workdir, lower }: Layers): Layers {
  const isTold = (i: number) => upper === null && i === 0
  return {
    upper,
    workdir,
    lower: lower.map((layer, i) => (isTold(i) ? layer : { ...layer, path: Links.inFolder(layer.path) })),
  }
}

/** Each layer in an option of its own (Linux 6.8). These have no escapes, and mount cuts at commas and quotes. */
function oneByOne({ upper, workdir, lower }: Layers, before: readonly ByteString[]): MountWay[] {
  const options = [
    ...lower.map(({ path, isData }) => `${isData ? 'datadir' : 'lowerdir'}+=${path}`),
    ...(upper === null ? [] : [`upperdir=${upper}`]),
    ...(workdir === null ? [] : [`workdir=${workdir}`]),
  ]
  const isTaken = options.every((option) => !/[",\\]/.test(option) && option.length <= LONGEST_VALUE)
  return isTaken ? [{ texts: [[...before, ...options].join(',')], links: new Links(), isOneByOne: true }] : []
}

function fits({ texts }: MountWay): boolean {
  return texts.every((text) => lengthOf(text) <= LONGEST_TEXT)
}

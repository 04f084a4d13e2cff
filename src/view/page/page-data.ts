/** The picture as the data of its page. What is told many times is told once, so that a whole host has room. */
import type { Branch, BranchTable } from '../../unions/branch-table.js'
import { filesText, sizeText } from '../amounts.js'
import { sizeOf } from '../drawn-records.js'
import {
  branchText,
  headline,
  pathText,
  permText,
  processText,
  shown,
  staleText,
  stateText,
  supplierText,
  unionText,
} from '../labels.js'
import type { Choice } from '../order.js'
import { overviewOf, type Share, type Tally } from '../overview.js'
import type { MappedProcess, Picture, Supply } from '../picture.js'
import { type Palette, paletteOf } from './colors.js'
import type {
  BranchData,
  Division,
  Fill,
  PageData,
  ProcessData,
  ShareData,
  SupplyData,
  TallyData,
  UnionData,
} from './data.js'
import { Files, Places } from './files.js'

/** All that the page shows. */
export function pageData({ processes, unions }: Picture, choice: Choice): PageData {
  const palette = paletteOf([
    ...processes.map(({ supplies }) => supplies.flatMap(({ branch }) => branch ?? [])),
    ...unions.map(({ branches }) => branches),
  ])
  const files = new Files(processes)
  const perms = new Places<string>()
  const places = new Map(processes.map((process, i) => [process, i]))
  const shares = (division: Division) =>
    overviewOf(processes, division).map((each) => shareData(each, division, places, palette))
  return {
    headline: headline(processes),
    choice,
    processes: processes.map((process) => processData(process, files, perms, palette)),
    ...files.data,
    perms: perms.all,
    shares: { layer: shares('layer'), image: shares('image'), container: shares('container') },
    unions: unions.map((union) => unionData(union, palette)),
  }
}

function shareData(
  { of, processes, files, name, states, branch, isOfUnion }: Share,
  division: Division,
  places: ReadonlyMap<MappedProcess, number>,
  palette: Palette,
): ShareData {
  // An image and a container have many layers.
  const isOfOne = division === 'layer' || (division === 'image' && branch === null)
  return {
    ...{ name, processes, files },
    fill: isOfOne ? fillOf({ branch, isOfUnion }, palette) : null,
    tallies: states.map(tallyData),
    of: of.flatMap((process) => places.get(process) ?? []),
  }
}

function tallyData({ state, isStale, files }: Tally): TallyData {
  const text = isStale === null ? 'not known' : stateText(state, isStale)
  return { text, isStale: isStale === true, isUnknown: isStale === null, files }
}

function processData(
  process: MappedProcess,
  files: Files,
  perms: Places<string>,
  palette: Palette,
): ProcessData {
  const { supplies, pids, stale, isOfUnion } = process
  const mappings = supplies
    .flatMap(({ vmas }, by) => vmas.map((vma) => ({ vma, by, start: address(vma.start), size: sizeOf(vma) })))
    .sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0))
  let end = 0n
  const spans = mappings.map(({ start, size }) => {
    const gap = start - end
    end = start + size
    return `${gap.toString(16)} ${size.toString(16)}`
  })
  return {
    ...processText(process),
    comm: shown(process.comm ?? ''),
    ...{ pids, stale, isOfUnion, files: process.files, bytes: Number(process.bytes) },
    supplies: supplies.map((supply) => supplyData(supply, palette)),
    spans: spans.join(' '),
    mapped: mappings.map(({ vma }) => files.placeOf(vma)),
    perms: mappings.map(({ vma }) => perms.of(vma.perms === null ? '' : shown(vma.perms))),
    by: mappings.map(({ by }) => by),
  }
}

function address(hex: string): bigint {
  return BigInt(`0x${hex}`)
}

function supplyData(supply: Supply, palette: Palette): SupplyData {
  const { branch, stale, bytes } = supply
  const name = supplierText(supply)
  const own =
    branch === null ? { index: supply.isOfUnion ? '?' : '', perm: '', name } : branchData(branch, palette)
  return {
    ...own,
    fill: fillOf(supply, palette),
    label: branch === null ? name : `branch ${own.index} ${own.perm} ${name}`,
    files: filesText(supply),
    size: sizeText(bytes),
    bytes: Number(bytes),
    staleBytes: Number(stale.reduce((sum, each) => sum + each.bytes, 0n)),
    stale: staleText(stale),
  }
}

function unionData(union: BranchTable, palette: Palette): UnionData {
  return {
    name: pathText(union.mount_point),
    about: unionText(union),
    branches: union.branches.map((branch) => branchData(branch, palette)),
  }
}

function branchData(branch: Branch, palette: Palette): BranchData {
  return {
    fill: palette(branch),
    index: String(branch.index),
    perm: permText(branch),
    name: branchText(branch),
  }
}

function fillOf({ branch, isOfUnion }: Pick<Supply, 'branch' | 'isOfUnion'>, palette: Palette): Fill {
  return branch === null ? (isOfUnion ? 'unknown' : 'none') : palette(branch)
}

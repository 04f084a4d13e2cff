/** The picture as a page that needs nothing but itself. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Branch } from '../unions/branch-table.js'
import { staleness } from '../vma/record.js'
import { type DrawnVma, sizeOf } from './drawn-records.js'
import {
  amountText,
  branchText,
  filesText,
  pathText,
  permText,
  processText,
  shown,
  sizeText,
  staleText,
  stateText,
  supplierText,
  unionText,
} from './labels.js'
import type { MappedProcess, Picture, Supply } from './picture.js'

/** What a page is made of, in files beside this one: here, and beside the bundle. */
function part(name: string): string {
  return readFileSync(new URL(`./page/${name}`, import.meta.url), 'utf8')
}

/**
 * A page of HTML in which all that was read is data, and only its own style and script are run.
 *
 * @example renderPage(pictureOf(records)).startsWith('<!doctype html>') // true
 */
export function renderPage(picture: Picture): string {
  const [page, style, script] = [part('page.html'), part('page.css'), part('script.page.js')]
  const parts: Record<string, string> = {
    policy: `<meta http-equiv="Content-Security-Policy" content="${policy(style, script)}">`,
    style: `<style>${style}</style>`,
    data: `<script type="application/json" id="data">${dataText(picture)}</script>`,
    script: `<script>${script}</script>`,
  }
  return page.replace(/<!-- (\w+) -->/g, (_, name: string) => parts[name] ?? '')
}

function policy(style: string, script: string): string {
  return [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

/** JSON that ends no script element. */
function dataText({ processes, unions }: Picture): string {
  const color = palette()
  const data = {
    processes: processes.map((process) => processData(process, color)),
    unions: unions.map((union) => ({
      name: pathText(union.mount_point),
      about: unionText(union),
      branches: union.branches.map((branch) => branchData(branch, color)),
    })),
  }
  return JSON.stringify(data).replaceAll('<', '\\u003c')
}

type Palette = (branch: Branch) => number

/** Numbers of colours: a folder has the same one wherever it is a branch. */
function palette(): Palette {
  const numbers = new Map<string, number>()
  return ({ index, path }) => {
    const key = path ?? String(index)
    const number = numbers.get(key) ?? numbers.size
    numbers.set(key, number)
    return number
  }
}

function processData(process: MappedProcess, color: Palette) {
  const { supplies, total } = process
  const branchOf = new Map(supplies.flatMap(({ vmas }, i) => vmas.map((vma) => [vma, i] as const)))
  const vmas = [...branchOf.keys()].sort((a, b) => compare(address(a.start), address(b.start)))
  return {
    ...processText(process),
    total: amountText(total),
    branches: supplies.map((supply) => supplyData(supply, color)),
    mappings: vmas.map((vma, i) => mappingData(vma, vmas[i - 1], branchOf.get(vma))),
  }
}

function branchData(branch: Branch, color: Palette) {
  return {
    color: color(branch),
    index: String(branch.index),
    perm: permText(branch),
    path: branchText(branch),
  }
}

function supplyData(supply: Supply, color: Palette) {
  const { branch, stale, bytes } = supply
  const own =
    branch === null
      ? { color: null, index: '', perm: '', path: supplierText(supply) }
      : branchData(branch, color)
  return {
    ...own,
    label: branch === null ? own.path : `branch ${own.index} ${own.perm} ${own.path}`,
    files: filesText(supply),
    size: sizeText(bytes),
    stale: staleText(stale),
  }
}

function mappingData(vma: DrawnVma, before: DrawnVma | undefined, branch: number | undefined) {
  const { start, end, path, perms, state } = vma
  const size = sizeOf(vma)
  return {
    range: `${start}-${end}`,
    size: sizeText(size),
    // What is small is still seen beside what is large.
    weight: Math.ceil(Math.sqrt(Number(size))),
    gap: before !== undefined && address(before.end) !== address(start),
    path: shown(path),
    perms: perms === null ? '' : shown(perms),
    state: state === null ? 'state not known' : stateText(state),
    stale: staleness(vma) === true,
    branch,
  }
}

function address(hex: string): bigint {
  return BigInt(`0x${hex}`)
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** What the page of `aufs-view --html` is given to draw: no browser is needed to read it. */
import test from 'ava'
import type { BranchTable } from '../../src/unions/branch-table.js'
import type { DrawnVma } from '../../src/view/drawn-records.js'
import { renderPage } from '../../src/view/page.js'
import { pictureOf } from '../../src/view/picture.js'
import type { VmaBranch } from '../../src/vma/record.js'
import { table } from '../helpers/tables.js'

const vma: DrawnVma = {
  ...{ pid: 7, comm: 'app', container: null, start: '1000', end: '2000', perms: 'r--p', path: '/bin/app' },
  ...{ rpath: null, dev: '0:17', ino: '25', state: 'current', branch: null },
}

const branch = (index: number, path: string | null): VmaBranch => ({
  ...{ mount_id: 31, si: '1a', index, id: null, path, perm: 'ro', attributes: [] },
})

interface Drawn {
  color: number | null
  label: string
  path: string
}

interface Mapping {
  range: string
  weight: number
  gap: boolean
  stale: boolean
  state: string
  branch: number
}

interface Data {
  processes: { branches: Drawn[]; mappings: Mapping[] }[]
  unions: { branches: Drawn[] }[]
}

function dataOf(records: (DrawnVma | BranchTable)[]): Data {
  const [, json = ''] = /id="data">(.*?)<\/script>/s.exec(renderPage(pictureOf(records))) ?? []
  return JSON.parse(json) as Data
}

test('a gap is told where addresses are missing, however they are written', (t) => {
  const [process] = dataOf([
    { ...vma, start: '02000', end: '3000' },
    vma,
    { ...vma, start: '3000', end: '3000' },
    { ...vma, start: '3001', end: '4000' },
    { ...vma, start: 'ffffffffff600000', end: 'ffffffffff601000' },
  ]).processes
  t.deepEqual(
    process?.mappings.map(({ range, gap }) => [range, gap]),
    [
      ['1000-2000', false],
      ['02000-3000', false],
      ['3000-3000', false],
      ['3001-4000', true],
      ['ffffffffff600000-ffffffffff601000', true],
    ],
  )
})

test('each mapping is in the order of its address, with its branch and its state', (t) => {
  const [process] = dataOf([
    { ...vma, start: '3000', end: '3002', branch: branch(1, '/l/b'), state: 'copied_up' },
    { ...vma, start: '2000', end: '2000', branch: branch(0, '/l/a'), state: null },
    { ...vma, start: '1000', end: '1001' },
  ]).processes
  t.deepEqual(
    process?.mappings.map(({ range, branch, state, stale, weight }) => [range, branch, state, stale, weight]),
    [
      ['1000-1001', 2, 'current', false, 1],
      ['2000-2000', 0, 'state not known', false, 0],
      ['3000-3002', 1, 'copied up', true, 2],
    ],
  )
  t.deepEqual(
    process?.branches.map(({ label }) => label),
    ['branch 0 ro /l/a', 'branch 1 ro /l/b', 'files of no union'],
  )
})

test('a folder has the same colour wherever it is a branch, and each its own', (t) => {
  const { processes, unions } = dataOf([
    { ...vma, branch: branch(1, '/l/b') },
    { ...vma, branch: branch(0, '/l/a') },
    { ...vma, branch: branch(2, null) },
    { ...vma, branch: branch(3, null) },
    vma,
    table(['/l/b', '/l/c', '/l/a', null]),
  ])
  const colors = (branches: Drawn[] | undefined) => branches?.map(({ path, color }) => [path, color])
  t.deepEqual(colors(processes[0]?.branches), [
    ['/l/a', 0],
    ['/l/b', 1],
    ['(not known)', 2],
    ['(not known)', 3],
    ['files of no union', null],
  ])
  t.deepEqual(colors(unions[0]?.branches), [
    ['/l/b', 1],
    ['/l/c', 4],
    ['/l/a', 0],
    ['(not known)', 3],
  ])
})

test('no name ends the element that holds the data', (t) => {
  const name = '</script><script>alert(1)</script><!--'
  const page = renderPage(pictureOf([{ ...vma, path: name, comm: name, branch: branch(0, name) }]))
  t.is(page.match(/<script/g)?.length, 2)
  t.is(dataOf([{ ...vma, branch: branch(0, name) }]).processes[0]?.branches[0]?.path, name)
})

/** What the iterator prints, and which of it counts. */
import { spawn } from 'node:child_process'
import { readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { InputError } from '../../src/errors.js'
import type { FileId } from '../../src/files/ids.js'
import { type Mapping, parseMapping } from '../../src/proc/maps.js'
import { Process } from '../../src/proc/process.js'
import { PrintedMappings, parsePrintedMapping, RealFiles } from '../../src/proc/real-files.js'
import { tempFolder } from '../helpers/folders.js'
import { put, statLine } from '../helpers/procfs.js'
import { outcome } from '../helpers/run.js'

const HEADER = 'aufs-filters vmas 1: pid_ns pid start_boottime range dev ino maps_dev maps_ino'

/** A lower file of an overlay. */
const LINE = '4026531836 47 36528935795 400000-401000 254:0 364 0:33 25'

const OVERLAY = parseMapping('00400000-00401000 r--p 00000000 00:21 25  /bin/sh')
const REAL: FileId = { dev: '254:0', ino: '364' }

test('A line of the iterator is parsed', (t) => {
  t.deepEqual(parsePrintedMapping(LINE), {
    task: '4026531836 47',
    start_boottime: 36_528_935_795n,
    range: '400000-401000',
    real: REAL,
    shown: { dev: '0:33', ino: '25' },
  })
  const [ino, range] = ['18446744073709551615', 'ffffffffff600000-ffffffffff601000']
  t.like(parsePrintedMapping(`1 2 3 ${range} 0:1 ${ino} 0:2 1`), { range, real: { dev: '0:1', ino } })
})

test('Devices may have any number', (t) => {
  const line = LINE.replace('254:0', '8:12').replace('0:33', '254:1048575')
  t.like(parsePrintedMapping(line), {
    real: { dev: '8:12', ino: '364' },
    shown: { dev: '254:1048575', ino: '25' },
  })
})

for (const line of [
  '',
  LINE.slice(0, -3),
  `${LINE} 1`,
  `x ${LINE}`,
  LINE.replace('400000', '4x'),
  LINE.replace(':', ' '),
])
  test(`What is no line of it is an error: ${line}`, (t) => {
    const { message } = t.throws(() => parsePrintedMapping(line), { instanceOf: InputError }) ?? {}
    t.true(message?.startsWith('no mapping of the iterator: '), message)
  })

/** Processes of two pid namespaces. */
const TEXT = `${[
  HEADER,
  '4026531836 46 36528935795 400000-401000 254:0 99 254:0 99',
  LINE,
  '4026531836 47 36528935795 500000-501000 254:0 7 254:0 7',
  '4026532206 1 99990000000 400000-401000 254:0 8 0:33 25',
].join('\n')}\n`

const counted: [title: string, task: string, start: string, mapping: Mapping, real: FileId | null][] = [
  ['the task, its start, the range, and the file that maps shows', '4026531836 47', '3652', OVERLAY, REAL],
  [
    'before Linux 6.8 maps shows the real one',
    '4026531836 47',
    '3652',
    { ...OVERLAY, dev: '254:0', ino: '364' },
    REAL,
  ],
  [
    'a file of no union',
    '4026531836 47',
    '3652',
    { ...OVERLAY, start: '500000', end: '501000', dev: '254:0', ino: '7' },
    { dev: '254:0', ino: '7' },
  ],
  ['the same number in another pid namespace', '4026532206 1', '9999', OVERLAY, { dev: '254:0', ino: '8' }],
  ['a number that is used again', '4026531836 47', '3653', OVERLAY, null],
  ['another task', '4026531836 48', '3652', OVERLAY, null],
  ['a task of another pid namespace', '4026532206 47', '3652', OVERLAY, null],
  ['a range that is longer by now', '4026531836 47', '3652', { ...OVERLAY, end: '402000' }, null],
  ['another inode there by now', '4026531836 47', '3652', { ...OVERLAY, ino: '26' }, null],
  ['another device there by now', '4026531836 47', '3652', { ...OVERLAY, dev: '0:34' }, null],
]

for (const [title, task, start, mapped, real] of counted)
  test(`${real === null ? 'Nothing is told of' : 'What counts'}: ${title}`, (t) => {
    t.deepEqual(new PrintedMappings(TEXT).of({ task, start })(mapped), real)
  })

test('A last line that was cut does not count, and the one before does', (t) => {
  for (let cut = LINE.length; cut > 0; cut--) {
    const text = `${HEADER}\n4026531836 46 36528935795 400000-401000 254:0 364 0:33 25\n${LINE.slice(0, cut)}`
    const printed = new PrintedMappings(text)
    t.is(printed.of({ task: '4026531836 47', start: '3652' })(OVERLAY), null)
    t.deepEqual(printed.of({ task: '4026531836 46', start: '3652' })(OVERLAY), REAL)
  }
})

/** This process, and its first mapping of a file. */
const self = new Process(process.pid)
const fileMapping = () => self.lines('maps', parseMapping, () => {}).find(({ dev }) => dev !== '0:0')

test('A task is told by its number in its own pid namespace, and by its start', (t) => {
  const task = self.task()
  const [namespace, number] = task?.task.split(' ') ?? []
  t.is(readlinkSync('/proc/self/ns/pid'), `pid:[${namespace}]`)
  t.is(readFileSync('/proc/self/status', 'latin1').match(/^NSpid:.*\t(\d+)$/m)?.[1], number)
  t.is(readFileSync('/proc/self/stat', 'latin1').split(') ')[1]?.split(' ')[19], task?.start)
})

test('A name that looks like a line of status does not change the number of its task', (t) => {
  const procfs = tempFolder(t)
  put(procfs, 7, { stat: statLine(100), namespace: 'mnt:[1]' })
  symlinkSync('pid:[4026531836]', `${procfs}/7/ns/pid`)
  writeFileSync(`${procfs}/7/status`, 'Name:\tx\rNSpid:\t5\nPid:\t7\nNSpid:\t7\t1\nVmPeak:\t8 kB\n')
  t.deepEqual(new Process(7, procfs).task(), { task: '4026531836 1', start: '100' })
})

test('A captured tree does not tell which task it was', (t) => {
  t.is(new Process(112, 'samples/leaky-01-docker/proc').task(), null)
})

/** What an iterator tells of that mapping, and of what it warns: it is read once. */
function told(file: string): { real: FileId | null; warnings: string[] } {
  const warnings: string[] = []
  const realFiles = new RealFiles(file)
  const ask = () => realFiles.of(self, ({ message }) => warnings.push(message))
  const mapped = fileMapping()
  if (mapped === undefined) throw new Error('this process maps no file')
  const real = ask()?.(mapped) ?? null
  ask()
  return { real, warnings }
}

/** What the iterator would print of this process. */
function printed(): string {
  const { task, start } = self.task() ?? {}
  const { start: from, end, dev, ino } = fileMapping() ?? {}
  return `${HEADER}\n${task} ${start}0000001 ${from}-${end} 8:1 5 ${dev} ${ino}\n`
}

test('A file that is not there tells nothing, in silence; and so does one that is empty', (t) => {
  const folder = tempFolder(t)
  writeFileSync(`${folder}/empty`, '')
  for (const name of ['none', 'empty']) t.deepEqual(told(`${folder}/${name}`), { real: null, warnings: [] })
  t.deepEqual(told('/dev/null'), { real: null, warnings: [] })
})

test('What is pinned tells of this process', (t) => {
  const file = `${tempFolder(t)}/vmas`
  writeFileSync(file, printed())
  t.deepEqual(told(file), { real: { dev: '8:1', ino: '5' }, warnings: [] })
})

test('What is pinned is read once, and again when that is forgotten', (t) => {
  const file = `${tempFolder(t)}/vmas`
  writeFileSync(file, printed())
  const realFiles = new RealFiles(file)
  const [mapped, warn] = [fileMapping(), () => t.fail()]
  if (mapped === undefined) return t.fail('this process maps no file')
  const real = () => realFiles.of(self, warn)?.(mapped) ?? null
  t.deepEqual(real(), { dev: '8:1', ino: '5' })
  writeFileSync(file, printed().replace(' 8:1 5 ', ' 8:1 6 '))
  t.deepEqual(real(), { dev: '8:1', ino: '5' })
  realFiles.clear()
  t.deepEqual(real(), { dev: '8:1', ino: '6' })
})

test('What another version pins is one warning', (t) => {
  const file = `${tempFolder(t)}/vmas`
  writeFileSync(file, printed().replace(' 1: ', ' 2: '))
  const warning = `${file}: not what bpf/pin.sh of this version pins`
  t.deepEqual(told(file), { real: null, warnings: [warning] })
})

test('An iterator that does not come to its end is ended, and what it has told counts', async (t) => {
  const file = `${tempFolder(t)}/vmas`
  await outcome('mkfifo', [file])
  const writer = spawn('sh', ['-c', 'exec > "$1"; printf %s "$2"; exec sleep 3600', 'sh', file, printed()])
  t.teardown(() => writer.kill('SIGKILL'))
  t.deepEqual(told(file), { real: { dev: '8:1', ino: '5' }, warnings: [] })
})

/** What is read of a process's memory: of this one, and of others that end or become another program. */
import { readFileSync, writeFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { InputError } from '../../src/errors.js'
import { type Mapping, parseMapping } from '../../src/proc/maps.js'
import { Memory, type PageKind, pageSize } from '../../src/proc/memory.js'
import { Process } from '../../src/proc/process.js'
import { openAt, openBelow, tempFolder } from '../helpers/folders.js'
import { launched, nameOf, until } from '../helpers/processes.js'

function mappingsOf(pid: number): Mapping[] {
  return readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n').slice(0, -1).map(parseMapping)
}

/** The program's own code, which no program changes. */
function codeOf(pid: number): Mapping | undefined {
  return mappingsOf(pid).find(({ perms, ino }) => perms === 'r-xp' && ino !== '0')
}

function memoryOf(t: ExecutionContext, pid: number): Memory {
  const memory = new Memory(new Process(pid))
  t.teardown(() => memory.close())
  return memory
}

const kindsOf = (memory: Memory, { start, end }: Mapping): PageKind[] =>
  memory.read(Number.parseInt(start, 16), Buffer.alloc(Number.parseInt(end, 16) - Number.parseInt(start, 16)))

test('A page has the size that the kernel tells', (t) => {
  t.is(pageSize() % 4096, 0)
  t.regex(readFileSync('/proc/self/smaps', 'latin1'), new RegExp(`KernelPageSize: +${pageSize() / 1024} kB`))
})

test('Pages of code have the bytes of the file, and are the file’s', (t) => {
  const code = codeOf(process.pid)
  if (code === undefined) return t.fail()
  const memory = memoryOf(t, process.pid)
  const bytes = Buffer.alloc(pageSize())
  t.deepEqual(memory.read(Number.parseInt(code.start, 16), bytes), ['file'])
  const offset = Number.parseInt(code.offset, 16)
  const file = readFileSync(code.name).subarray(offset, offset + bytes.length)
  t.true(bytes.equals(file))
})

test('A stack is the process’s own', (t) => {
  const stack = mappingsOf(process.pid).find(({ name }) => name === '[stack]')
  if (stack === undefined) return t.fail()
  // The top is in use.
  const last = Number.parseInt(stack.end, 16) - pageSize()
  t.deepEqual(memoryOf(t, process.pid).read(last, Buffer.alloc(pageSize())), ['own'])
})

test('Pages that are read together are told as they are one by one', (t) => {
  const memory = memoryOf(t, process.pid)
  // What a program may write to of its file: some of it is its own.
  const data = mappingsOf(process.pid).filter(({ perms, ino }) => perms === 'rw-p' && ino !== '0')
  t.true(data.length > 0)
  for (const mapping of data) {
    const [start, end] = [Number.parseInt(mapping.start, 16), Number.parseInt(mapping.end, 16)]
    const oneByOne = () =>
      Array.from({ length: (end - start) / pageSize() }, (_, i) =>
        memory.read(start + i * pageSize(), Buffer.alloc(pageSize())).join(),
      )
    const [before, together, after] = [oneByOne(), kindsOf(memory, mapping), oneByOne()]
    // A page may become its own meanwhile.
    for (const [i, kind] of together.entries())
      if (before[i] === after[i]) t.true(kind === before[i], `page ${i}`)
  }
})

test('What lies after the end of a mapping is not read', (t) => {
  const mappings = mappingsOf(process.pid)
  const last = mappings.find(
    ({ perms, end }, i) => perms.startsWith('r') && (mappings[i + 1]?.start ?? end) !== end,
  )
  if (last === undefined) return t.fail()
  const end = Number.parseInt(last.end, 16)
  const kinds = memoryOf(t, process.pid).read(end - pageSize(), Buffer.alloc(2 * pageSize()))
  t.not(kinds[0], 'unread')
  t.is(kinds[1], 'unread')
})

test('Nothing stays open of a process whose memory was read', (t) => {
  const memory = new Memory(new Process(process.pid))
  const count = () => openAt(`/proc/${process.pid}/mem`) + openAt(`/proc/${process.pid}/pagemap`)
  const before = count()
  memory.close()
  t.is(count(), before - 2)
})

test('Where nothing is mapped there is nothing to be read', (t) => {
  t.deepEqual(memoryOf(t, process.pid).read(0, Buffer.alloc(2 * pageSize())), ['unread', 'unread'])
})

test('Of a process that has ended since nothing is read', async (t) => {
  const child = launched(t, ['sleep', '3600'])
  await until(() => nameOf(child.pid) === 'sleep')
  const memory = memoryOf(t, child.pid)
  const code = codeOf(child.pid)
  if (code === undefined) return t.fail()
  t.true(kindsOf(memory, code).includes('file'))
  child.kill('SIGKILL')
  await until(() => nameOf(child.pid) === null)
  t.deepEqual(new Set(kindsOf(memory, code)), new Set<PageKind>(['unread']))
})

test('Of a process that runs another program by now nothing is read', async (t) => {
  const go = `${tempFolder(t)}/go`
  const { pid } = launched(t, ['sh', '-c', 'until [ -e "$1" ]; do :; done; exec sleep 3600', 'sh', go])
  await until(() => nameOf(pid) === 'sh')
  const memory = memoryOf(t, pid)
  const code = codeOf(pid)
  if (code === undefined) return t.fail()
  t.true(kindsOf(memory, code).includes('file'))
  writeFileSync(go, '')
  await until(() => nameOf(pid) === 'sleep')
  t.deepEqual(new Set(kindsOf(memory, code)), new Set<PageKind>(['unread']))
})

test('Memory that may not be read is an error that says so', (t) => {
  const folder = tempFolder(t)
  writeFileSync(`${folder}/mem`, '')
  const process = Object.assign(Object.create(Process.prototype), { folder }) as Process
  // Of a user that may read everything, pagemap is what is missing.
  t.throws(() => new Memory(process), { instanceOf: InputError, message: /^pagemap: no such file/ })
  t.is(openBelow(folder), 0, 'what was opened is closed')
})

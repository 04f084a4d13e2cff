/** What has to be restarted, on live processes (restart.sh): held against what was done to their files, and beside other tools. Needs root. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { parse } from '../../src/text/json.js'
import type { Vma } from '../../src/vma/record.js'
import { skip } from '../helpers/machine.js'
import { lines, outcome, started } from '../helpers/run.js'

interface Case {
  done: string
  /** Whether the process runs code that its path does not show any more. */
  isStale: boolean
  /** Whether no kernel tells: then null is an answer too. */
  mayBeUnknown?: true
}

const CASES: Record<string, Case> = {
  unchanged: { done: 'nothing', isStale: false },
  chmod: { done: 'its mode changed', isStale: false },
  overwritten: { done: 'written in place, so that the process has the new bytes', isStale: false },
  renamed: { done: 'renamed', isStale: false },
  replaced: { done: 'another file renamed to its name', isStale: true },
  deleted: { done: 'deleted', isStale: true },
  linked: { done: 'deleted, a hard link is left', isStale: true },
  number: { done: 'deleted, and called #46', isStale: true },
  space: { done: 'deleted, a space in its name', isStale: true },
  said: { done: 'nothing, it is called "a (deleted)"', isStale: false },
  program: { done: 'the program itself replaced', isStale: true },
  data: { done: 'deleted, mapped as data alone', isStale: false },
  memfd: { done: 'nothing, code in a memfd', isStale: false },
  tmpfile: { done: 'nothing, code in a file of O_TMPFILE', isStale: false },
  sysv: { done: 'nothing, SysV memory with code', isStale: false },
  shared: { done: 'nothing, shared anonymous memory with code', isStale: false },
  'in-unchanged': { done: 'nothing, in an overlay of a container', isStale: false },
  'in-replaced': { done: 'replaced in an overlay of a container', isStale: true },
  'in-deleted': { done: 'deleted in an overlay of a container', isStale: true },
  'in-copied-up': { done: 'copied up in an overlay of a container', isStale: true, mayBeUnknown: true },
}

/** The processes that each tool would restart, from what it says; lsof only lists files without a name. */
const TOOLS: Record<string, (output: string) => Set<string>> = {
  needrestart: (output) => pids(output, /^\[main\] #(\d+) uses /gm),
  checkrestart: (output) => pids(output, /\(PID: (\d+)\)/g),
  lsof: (output) => pids(output, /^p(\d+)\n(?:[^p].*\n)*?(?:fDEL|n.* \(deleted\))\n/gm),
}

function pids(output: string, told: RegExp): Set<string> {
  return new Set([...output.matchAll(told)].map(([, pid = '']) => pid))
}

test('What is to be restarted is what was done to the files, whatever other tools say', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'restart-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const read = (name: string) => readFileSync(`${folder}/${name}`, 'latin1')
  const namespaces = ['-m', '-p', '-i', '-f', '--mount-proc', '--kill-child']
  const script = ['sh', 'test/live/restart.sh', folder, ...started('aufs-vma')]
  const { stderr, status } = await outcome('unshare', [...namespaces, ...script])
  if (!existsSync(`${folder}/cases`)) return skip(t, `there can be no such processes here: ${stderr.trim()}`)
  t.is(status, 0, stderr)

  const vmas = (name: string) => lines(read(name)).map((line) => parse(line) as unknown as Vma)
  const ours = new Set(vmas('ours').map(({ pid }) => String(pid)))
  const unknown = new Set(vmas('all').flatMap(({ pid, state }) => (state === null ? [String(pid)] : [])))
  const others = Object.entries(TOOLS).flatMap(([name, told]) => {
    try {
      return [{ name, told: told(read(name)) }]
    } catch {
      t.log(`no ${name} here: not compared`)
      return []
    }
  })

  const begun = new Map(lines(read('cases')).map((line) => line.split('\t').reverse() as [string, string]))
  t.deepEqual([...begun.keys()].sort(), Object.keys(CASES).sort())
  t.log(row('', 'truth', 'aufs-vma', ...others.map(({ name }) => name)))
  for (const [name, { done, isStale, mayBeUnknown }] of Object.entries(CASES)) {
    const pid = begun.get(name) ?? ''
    const isUnknown = unknown.has(pid)
    const say = (isTold: boolean) => `${isTold ? 'restart' : '-'}${isTold === isStale ? '' : ' (wrong)'}`
    const own = isUnknown ? 'not known' : say(ours.has(pid))
    t.log(row(done, isStale ? 'restart' : '-', own, ...others.map(({ told }) => say(told.has(pid)))))
    t.is(isUnknown, isUnknown && mayBeUnknown === true, name)
    if (!isUnknown) t.is(ours.has(pid), isStale, name)
  }
  const files = [...begun.values()].filter((pid) => unknown.has(pid)).length
  t.is(stderr, files === 0 ? '' : `aufs-vma: nothing is known of ${files} file: the state is null\n`)
})

function row(done: string, ...columns: string[]): string {
  return (
    done.padEnd(56) +
    columns
      .map((column) => column.padEnd(17))
      .join('')
      .trimEnd()
  )
}

/** A real container, where Podman can run one (podman.sh says how). Needs root. */
import { readFileSync } from 'node:fs'
import test from 'ava'
import { parse } from '../../src/text/json.js'
import type { Vma } from '../../src/vma/record.js'
import { tempFolder } from '../helpers/folders.js'
import { isInstalled, isRoot, skip } from '../helpers/machine.js'
import { lines, outcome, started } from '../helpers/run.js'

/** Why there can be no container here; null where there can. */
function obstacle(): string | null {
  if (!isRoot) return 'a container that is looked at takes root'
  return isInstalled('podman') ? null : 'podman is not installed'
}

test('A container of Podman: each mapped file has its layer, and one that is copied up is current no more', async (t) => {
  const reason = obstacle()
  if (reason !== null) return skip(t, reason)
  const folder = tempFolder(t)
  const script = ['sh', 'test/live/podman.sh', folder, ...started('aufs-vma')]
  const { stderr, status } = await outcome('unshare', ['-m', '--propagation', 'private', ...script])
  // What Podman refuses before there is a container (nested cgroups, no overlay) is the machine's, not the filter's.
  if (status !== 0 && read(folder, 'id') === '') return skip(t, `no container: ${stderr.trim()}`)
  t.is(status, 0, stderr)

  const id = read(folder, 'id').trim()
  const [before, after] = ['before', 'after'].map((name) =>
    lines(read(folder, name)).map((line) => parse(line) as unknown as Vma),
  )
  t.true(before !== undefined && before.length > 0)
  for (const { path, container, state, branch } of before ?? []) {
    t.is(container, id, path)
    t.is(state, 'current', path)
    t.is(branch?.perm, 'ro', path)
    t.regex(branch?.path ?? '', /\/root\/overlay\/l\/[A-Z0-9]{26}$/, path)
  }
  const paths = (vmas: Vma[] = []) => [...new Set(vmas.map(({ path }) => path))].sort()
  t.deepEqual(paths(after), paths(before))
  for (const { path, state } of after ?? []) {
    // From Linux 6.8 on nothing tells whether the lower file is mapped or its copy; before, it is known.
    if (path.includes('/libc.so')) t.true(state === 'copied_up' || state === null, `${path}: ${state}`)
    else t.is(state, 'current', path)
  }
})

function read(folder: string, name: string): string {
  try {
    return readFileSync(`${folder}/${name}`, 'latin1')
  } catch {
    return ''
  }
}

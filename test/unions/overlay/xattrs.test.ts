import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { Folder } from '../../../src/files/folder.js'
import { overlayXattrs } from '../../../src/unions/overlay/xattrs.js'
import { askAll, openBelow, tempFolder, writeTree } from '../../helpers/folders.js'
import { skip } from '../../helpers/machine.js'

/** Folders with a mark of overlayfs in each, by number; null where this machine has none. */
function marked(t: ExecutionContext, count: number): { root: string; names: string[] } | null {
  const root = tempFolder(t)
  const names = Array.from({ length: count }, (_, i) => `/d${i}`)
  writeTree(root, Object.fromEntries(names.map((name) => [name, null])))
  const set = 'for i in $(seq 0 $2); do setfattr -n user.overlay.redirect -v "/to/$i" "$1/d$i" || exit; done'
  try {
    execFileSync('sh', ['-c', `${set}; getfattr -d "$1"`, 'sh', root, String(count - 1)], { stdio: 'ignore' })
  } catch {
    skip(t, 'it needs setfattr, getfattr, and a filesystem that keeps user attributes')
    return null
  }
  return { root, names }
}

for (const count of [1, 100, 101, 130, 201]) {
  test(`each of ${count} files has its own attributes, and none stays open`, (t) => {
    const made = marked(t, count)
    if (made === null) return
    const { root, names } = made
    const folder = new Folder(root, { asking: askAll })
    const files = names.map((path) => ({ folder, path }))
    const read = overlayXattrs(files, 'user')
    folder.close()
    t.deepEqual(
      read.map((xattrs) => xattrs?.redirect),
      names.map((_, i) => `/to/${i}`),
    )
    t.is(openBelow(root), 0)
  })
}

test('of a file that is not there nothing is known, and the others keep theirs', (t) => {
  const made = marked(t, 3)
  if (made === null) return
  const folder = new Folder(made.root, { asking: askAll })
  t.teardown(() => folder.close())
  const files = ['/d0', '/none', '/d2', ''].map((path) => ({ folder, path }))
  t.deepEqual(
    overlayXattrs(files, 'user').map((xattrs) => xattrs?.redirect),
    ['/to/0', undefined, '/to/2', undefined],
  )
  t.deepEqual(overlayXattrs([], 'user'), [])
})

test('where getfattr fails nothing is known, also of what it has told', (t) => {
  const made = marked(t, 2)
  if (made === null) return
  const { root, names } = made
  const programs = tempFolder(t)
  const { PATH } = process.env
  const folder = new Folder(root, { asking: askAll })
  t.teardown(() => folder.close())
  const files = names.map((path) => ({ folder, path }))
  for (const [status, redirects] of [
    [0, ['/to/0', '/to/1']],
    [1, [undefined, undefined]],
  ] as const) {
    writeFileSync(`${programs}/getfattr`, `#!/bin/sh\nPATH='${PATH}' getfattr "$@"; exit ${status}\n`, {
      mode: 0o755,
    })
    process.env.PATH = programs
    try {
      t.deepEqual(
        overlayXattrs(files, 'user').map((xattrs) => xattrs?.redirect),
        [...redirects],
      )
    } finally {
      process.env.PATH = PATH
    }
  }
})

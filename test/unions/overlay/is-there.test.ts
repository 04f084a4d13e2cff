/** Whether a folder that mount options may mean is there: folders made for each test, mounts in a namespace of its own. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { isThere } from '../../../src/unions/overlay/is-there.js'
import { openBelow, tempFolder } from '../../helpers/folders.js'
import { isInstalled, isRoot, skip } from '../../helpers/machine.js'
import { outcome, repository } from '../../helpers/run.js'

test('A folder is there, and so is one that a link leads to; nothing stays open', (t) => {
  const folder = tempFolder(t)
  const odd = `${folder}/a b\\:\n\xff`
  mkdirSync(Buffer.from(odd, 'latin1'))
  symlinkSync('.', `${folder}/link`)
  for (const path of ['/', folder, odd, `${folder}/link`]) t.true(isThere(path), path)
  t.is(openBelow(folder), 0)
})

test('What is missing is not there, nor is what lies below a file', (t) => {
  const folder = tempFolder(t)
  writeFileSync(`${folder}/file`, '')
  symlinkSync('missing', `${folder}/dangling`)
  for (const name of ['missing', 'dangling', 'missing/below', 'file/below'])
    t.false(isThere(`${folder}/${name}`), name)
  t.is(openBelow(folder), 0)
})

test('A relative path is nowhere: it is not told where from', (t) => {
  for (const path of ['.', 'src', '']) t.false(isThere(path), path)
})

/**
 * Which of some folders are there, asked in a mount namespace of its own; null where the mounts cannot be made.
 *
 * @param root the root of the process that asks
 */
async function thereAfter(mounts: string, folders: string[], root = '/'): Promise<boolean[] | null> {
  const module = `${repository}/dist/src/unions/overlay/is-there.js`
  const ask = `import('${module}').then(({ isThere }) =>
    console.log(JSON.stringify(${JSON.stringify(folders)}.map((folder) => isThere(folder)))))`
  const script = `{ ${mounts}; } >&2 || exit 99; exec chroot '${root}' '${process.execPath}' --eval "$1"`
  const { stdout, status } = await outcome('unshare', ['-m', 'sh', '-c', script, 'sh', ask])
  return status === 0 ? JSON.parse(stdout) : null
}

test('A union is not asked, as its layers may lie anywhere; what is on another mount is', async (t) => {
  if (!isRoot) return skip(t, 'mounts take root')
  const folder = tempFolder(t)
  for (const name of ['tmp', 'union', 'low/in']) mkdirSync(`${folder}/${name}`, { recursive: true })
  const mounts = `mount -t tmpfs none '${folder}/tmp' && mkdir '${folder}/tmp/in' &&
    mount -t overlay none -o lowerdir='${folder}/low:${folder}/tmp' '${folder}/union'`
  const asked = ['tmp', 'tmp/in', 'low/in', 'union', 'union/in'].map((name) => `${folder}/${name}`)
  const there = await thereAfter(mounts, asked)
  if (there === null) return skip(t, 'no overlay can be mounted here')
  t.deepEqual(there, [true, true, true, false, false])
})

test('The union at the root of the reader is asked: the reader itself runs on it', async (t) => {
  if (!isRoot) return skip(t, 'mounts take root')
  const folder = tempFolder(t)
  for (const name of ['union', 'layers/in']) mkdirSync(`${folder}/${name}`, { recursive: true })
  // What is mounted below the root, maybe the repository too, is not in the layer.
  const mounts = `mount -t tmpfs none '${folder}/layers' && mkdir '${folder}/layers/in' &&
    mount -t overlay none -o lowerdir='${folder}/layers:/' '${folder}/union' && mount --rbind /proc '${folder}/union/proc' &&
    chroot '${folder}/union' '${process.execPath}' --check '${repository}/dist/src/unions/overlay/is-there.js'`
  const there = await thereAfter(mounts, ['/', '/in', '/none'], `${folder}/union`)
  if (there === null) return skip(t, 'no overlay of the root can be mounted here')
  t.deepEqual(there, [true, true, false])
})

test('A filesystem whose server may not answer is not asked', async (t) => {
  if (!isRoot || !isInstalled('bindfs')) return skip(t, 'it takes root and bindfs')
  const folder = tempFolder(t)
  for (const name of ['fuse', 'low/in']) mkdirSync(`${folder}/${name}`, { recursive: true })
  const there = await thereAfter(
    `bindfs '${folder}/low' '${folder}/fuse'`,
    ['low/in', 'fuse', 'fuse/in'].map((name) => `${folder}/${name}`),
  )
  if (there === null) return skip(t, 'no FUSE can be mounted here')
  t.deepEqual(there, [true, false, false])
})

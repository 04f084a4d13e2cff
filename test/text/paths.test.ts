import test from 'ava'
import fc from 'fast-check'
import { below, isBelow, join, split, withoutDeleted } from '../../src/text/paths.js'
import { pathBytes } from '../helpers/bytes.js'

const cases = [
  { name: 'a file in a folder', path: '/l/a/bin/sh', folder: '/l/a', rest: '/bin/sh' },
  { name: 'the folder itself', path: '/l/a', folder: '/l/a', rest: '/' },
  { name: 'a mere prefix', path: '/l/ab/x', folder: '/l/a', rest: null },
  { name: 'a longer folder', path: '/l/a', folder: '/l/a/b', rest: null },
  { name: 'another folder', path: '/m/a', folder: '/l/a', rest: null },
  { name: 'all that is below the root', path: '/bin/sh', folder: '/', rest: '/bin/sh' },
  { name: 'the root itself', path: '/', folder: '/', rest: '/' },
  { name: 'a name that is no path', path: 'net:[1]', folder: '/', rest: null },
  { name: 'a folder named with a space and a newline', path: '/a b\n/c', folder: '/a b\n', rest: '/c' },
]

for (const { name, path, folder, rest } of cases) {
  test(`what of a path is below a folder, by component: ${name}`, (t) => {
    t.is(below(path, folder), rest)
    t.is(isBelow(path, folder), rest !== null)
  })
}

test('a path is a folder and a name, and together the path again', (t) => {
  t.deepEqual(split('/bin/sh'), { folder: '/bin', name: 'sh' })
  t.deepEqual(split('/sh'), { folder: '', name: 'sh' })
  fc.assert(
    fc.property(pathBytes, (below) => {
      const path = `/${below}`
      const { folder, name } = split(path)
      t.is(`${folder}/${name}`, path)
      t.false(name.includes('/'))
    }),
  )
})

test('a path is put below a folder', (t) => {
  t.is(join('/u', '/bin/sh'), '/u/bin/sh')
  t.is(join('/', '/bin/sh'), '/bin/sh')
  t.is(join('/u', '/'), '/u')
  t.is(join('/', '/'), '/')
})

const component = pathBytes.map((bytes) => bytes.replaceAll('/', '-')).filter((text) => text !== '')
const path = fc.array(component, { maxLength: 4 }).map((components) => `/${components.join('/')}`)

test('what is put below a folder is found there again', (t) => {
  fc.assert(fc.property(path, path, (folder, inner) => below(join(folder, inner), folder) === inner))
  t.pass()
})

test('a folder never holds its siblings, whatever their names begin with', (t) => {
  fc.assert(
    fc.property(path, component, component, (folder, name, more) => {
      const parent = join(folder, `/${name}`)
      return !isBelow(`${parent}${more}`, parent) && isBelow(`${parent}/${more}`, parent)
    }),
  )
  t.pass()
})

const names = [
  { entry: '/d/x (deleted)', expected: '/d/x' },
  { entry: '/d/x', expected: '/d/x' },
  { entry: '/d/x (deleted) (deleted)', expected: '/d/x (deleted)' },
  { entry: '/d (deleted)/x', expected: '/d (deleted)/x' },
  { entry: '/d/x(deleted)', expected: '/d/x(deleted)' },
  { entry: '/memfd:mem sp/ace (deleted)', expected: '/memfd:mem sp/ace' },
]

for (const { entry, expected } of names) {
  test(`less the kernel's (deleted), ${entry} is ${expected}`, (t) => t.is(withoutDeleted(entry), expected))
}

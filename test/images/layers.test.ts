import test from 'ava'
import { chainIds, field, isDigest, items, Layers, objectOf, shownNames } from '../../src/images/layers.js'
import { digest } from '../helpers/docker-store.js'

const SHA512 = `sha512:${'0f'.repeat(64)}`

test('A digest is one of two algorithms with all of its digits, and nothing else', (t) => {
  for (const good of [digest('a'), SHA512]) t.true(isDigest(good), good)
  const odd = [
    `x${digest('a')}`,
    `${digest('a')}0`,
    `${SHA512}0`,
    SHA512.slice(0, -1),
    'sha512:0',
    digest('a').slice(0, -1),
  ]
  for (const each of [
    ...odd,
    digest('a').toUpperCase(),
    SHA512.replaceAll('f', 'g'),
    `../${digest('a')}`,
    '',
    'sha256:',
  ])
    t.false(isDigest(each), each)
  for (const each of [null, undefined, 7, {}, [digest('a')]]) t.false(isDigest(each))
})

test('A chain id is the digest of those below and of its own layer', (t) => {
  const [a = '', b = '', c = ''] = ['a', 'b', 'c'].map(digest)
  const both = digest(`${a} ${b}`)
  t.deepEqual(chainIds([a, b, c]), [a, both, digest(`${both} ${c}`)])
  t.deepEqual(chainIds([]), [])
})

test('Names by a digest are shown only where there are no others', (t) => {
  const id = digest('a')
  t.deepEqual(shownNames(['web:1', `web@${id}`, id]), ['web:1'])
  t.deepEqual(shownNames([`web@${id}`, id]), [`web@${id}`, id])
  // What only holds one is a name like others.
  for (const name of [`${id}0`, `x${id}`, `web@${id}/x`]) t.deepEqual(shownNames([name, id]), [name])
})

test('A layer has the names of all images on it, and is told by the chain below it', (t) => {
  const layers = new Layers()
  layers.add([digest('a'), digest('b')], ['web'])
  layers.add([digest('a')], ['base', 'web'])
  t.deepEqual(layers.get(digest('a')), { diffId: digest('a'), names: new Set(['web', 'base']) })
  t.deepEqual(layers.get(digest(`${digest('a')} ${digest('b')}`)), {
    diffId: digest('b'),
    names: new Set(['web']),
  })
  t.is(layers.get(digest('b')), null)
})

test('Of JSON of another form there is no field and no item', (t) => {
  t.is(field({ a: 1 }, 'a'), 1)
  t.is(field({ a: 1 }, 'toString'), undefined)
  for (const value of [null, undefined, 7, 'a', ['a']]) t.is(field(value, 'length'), undefined)
  t.deepEqual([items(['a']), items({ length: 1 }), items(null)], [['a'], [], []])
  t.deepEqual([objectOf({ a: 1 }), objectOf([1]), objectOf(null), objectOf('a')], [{ a: 1 }, {}, {}, {}])
})

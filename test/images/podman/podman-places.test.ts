/** Where Podman has stores: what storage.conf and /etc/passwd of a machine say. */
import test, { type ExecutionContext } from 'ava'
import {
  additionalStores,
  graphRoot,
  rootlessStores,
  valuesIn,
} from '../../../src/images/podman/podman-places.js'
import { tempFolder, writeTree } from '../../helpers/folders.js'

const texts: { name: string; text: string; values: string[] }[] = [
  { name: 'a text', text: '[storage]\ngraphroot = "/srv/images"\n', values: ['/srv/images'] },
  { name: 'single quotes and a comment', text: "graphroot='/srv/a b' # old", values: ['/srv/a b'] },
  { name: 'a comment is none', text: '# graphroot = "/no"\n', values: [] },
  { name: 'a list', text: 'graphroot = [ "/a", "/b" ]', values: ['/a', '/b'] },
  {
    name: 'a list of several lines',
    text: 'graphroot = [\n  "/a",\n# "/no",\n  "/b", # "/no"\n]\nother = "/no"',
    values: ['/a', '/b'],
  },
  { name: 'another key that ends so', text: 'rootless_graphroot = "/no"', values: [] },
  { name: 'a key that goes on', text: 'graphroot_of = "/no"', values: [] },
  { name: 'a key in a comment after a value', text: 'other = "/no" # graphroot = "/no"', values: [] },
  { name: 'what stands before a list', text: 'graphroot = [] # "/no"\nother = ["/no"]', values: [] },
  { name: 'blanks before and after the key', text: ' \tgraphroot \t= \t"/a"', values: ['/a'] },
  { name: 'no blanks', text: 'graphroot="/a"', values: ['/a'] },
  { name: 'a comment that is indented', text: ' # graphroot = "/no"\ngraphroot = "/a"', values: ['/a'] },
  { name: 'one text, and no more', text: 'graphroot = "/a" "/no"', values: ['/a'] },
  { name: 'a text without an end', text: 'graphroot = "/no\nother = "/no"', values: [] },
  { name: 'no text', text: 'graphroot = 7 # "/no"', values: [] },
  {
    name: 'a list with a number sign',
    text: 'graphroot = ["/a#b", \'/c#d\'] # "/no"',
    values: ['/a#b', '/c#d'],
  },
  {
    name: 'an end in a comment',
    text: 'graphroot = [ # "/no" ]\n# ]\n"/a", # ]\n"/b" ]',
    values: ['/a', '/b'],
  },
  { name: 'an end in a text', text: 'graphroot = ["/a]", "/b"]\n"/no"', values: ['/a]', '/b'] },
  { name: 'a list without an end', text: 'graphroot = ["/a"\n, "/b"', values: ['/a', '/b'] },
  { name: 'quotes within others', text: `graphroot = ["/a'b", '/c"d', '', ""]`, values: ["/a'b", '/c"d'] },
  { name: 'nothing', text: 'graphroot = ""', values: [] },
]
for (const { name, text, values } of texts)
  test(`storage.conf: ${name}`, (t) => {
    t.deepEqual(valuesIn(text.split('\n'), 'graphroot'), values)
  })

/** A machine with these files. */
function machine(t: ExecutionContext, files: Record<string, string>): string {
  const root = tempFolder(t)
  writeTree(root, files)
  return root
}

const ETC = 'etc/containers/storage.conf'
const USR = 'usr/share/containers/storage.conf'

test('The first configuration that is there counts, and no other', (t) => {
  const both = machine(t, { [ETC]: 'graphroot = "/etc"', [USR]: 'graphroot = "/usr"' })
  t.is(graphRoot(both), '/etc')
  t.is(graphRoot(machine(t, { [USR]: 'graphroot = "/usr"' })), '/usr')
  t.is(graphRoot(machine(t, { [ETC]: '', [USR]: 'graphroot = "/usr"' })), '/var/lib/containers/storage')
  t.is(graphRoot(machine(t, {})), '/var/lib/containers/storage')
})

test('Other stores are those that are configured', (t) => {
  t.deepEqual(additionalStores(machine(t, { [ETC]: 'additionalimagestores = [ "/a",\n"/b" ]' })), [
    '/a',
    '/b',
  ])
  t.deepEqual(additionalStores(machine(t, {})), [])
})

test('Users have stores at home, and where it is configured for them', (t) => {
  const passwd =
    'ann:x:1000:100:Ann:/home/ann:/bin/sh\nb\xff:x:1001:100::/srv/b:/bin/sh\nnobody:x:65534:65534::none:\n\n'
  const plain = machine(t, { 'etc/passwd': passwd })
  t.deepEqual(rootlessStores(plain, {}), [
    '/home/ann/.local/share/containers/storage',
    '/srv/b/.local/share/containers/storage',
  ])
  const text = 'rootless_storage_path = "$HOME/s/$USER/$UID/$USER$HOME$UID"'
  const configured = machine(t, { 'etc/passwd': passwd, [ETC]: text })
  t.deepEqual(rootlessStores(configured, { XDG_DATA_HOME: '/data/é' }), [
    '/data/\xc3\xa9/containers/storage',
    '/home/ann/.local/share/containers/storage',
    '/home/ann/s/ann/1000/ann/home/ann1000',
    '/srv/b/.local/share/containers/storage',
    '/srv/b/s/b\xff/1001/b\xff/srv/b1001',
  ])
  t.deepEqual(rootlessStores(plain, { XDG_DATA_HOME: '' }), rootlessStores(plain, {}))
  t.deepEqual(rootlessStores(machine(t, {}), {}), [])
})

test('The places of this machine are paths', (t) => {
  t.deepEqual(
    [graphRoot(), additionalStores(), rootlessStores()],
    [graphRoot(''), additionalStores(''), rootlessStores('')],
  )
  const places = [graphRoot(), ...additionalStores(), ...rootlessStores()]
  for (const place of places) t.true(place.startsWith('/'), place)
})

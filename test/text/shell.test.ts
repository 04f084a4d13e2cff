import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { Links, lengthOf, word } from '../../src/text/shell.js'
import { pathBytes } from '../helpers/bytes.js'
import { isInstalled } from '../helpers/machine.js'
import { outcome } from '../helpers/run.js'

for (const shell of ['sh', 'dash', 'bash'].filter(isInstalled)) {
  test(`any bytes are one word to ${shell}`, async (t) => {
    const texts = [
      '',
      "'",
      "''",
      '-n',
      '~',
      '$HOME`id`$(id)',
      '*',
      '#',
      '\\',
      '!',
      ...fc.sample(pathBytes, 1000),
    ]
    const commands = texts.map((text) => `printf '%s\\0' ${word(text)}\n`).join('')
    // As in helpers/run.ts: of a socket bash would read ~/.bashrc.
    const { stdout, stderr, status } = await outcome(shell, shell === 'bash' ? ['--norc'] : [], commands)
    t.deepEqual([stderr, status], ['', 0])
    t.deepEqual(stdout.split('\0').slice(0, -1), texts)
  })

  test(`between words an empty one is a word to ${shell}`, async (t) => {
    const args = shell === 'bash' ? ['--norc'] : []
    const { stdout } = await outcome(shell, args, `printf '<%s>' ${['a', '', 'b'].map(word).join(' ')}\n`)
    t.is(stdout, '<a><><b>')
  })

  test(`the first command that fails ends those of ${shell}, and the links are gone`, async (t) => {
    const links = new Links()
    const path = links.to('/a')
    const commands = [`printf '%s' ${word(path)}`, '(exit 7)', 'echo more']
    const args = shell === 'bash' ? ['--norc'] : []
    const { stdout, status } = await outcome(shell, args, links.around(commands))
    t.deepEqual([stdout.length, status], [lengthOf(path), 7])
    t.false(existsSync(dirname(stdout)))
  })

  test(`a link leads to its target, whatever its bytes, for as long as the commands of ${shell} run`, async (t) => {
    const targets = [
      '/a,b',
      "/it's",
      '/new\nline',
      '/-',
      ...fc.sample(pathBytes, 20).map((bytes) => `/${bytes}`),
    ]
    const links = new Links()
    const paths = targets.map((target) => links.to(target))
    const commands = paths.flatMap((path) => [
      `printf '%s\\0' ${word(path)}`,
      `readlink -n ${word(path)}`,
      `printf '\\0'`,
    ])
    const args = shell === 'bash' ? ['--norc'] : []
    const { stdout, stderr, status } = await outcome(shell, args, links.around(commands))
    t.deepEqual([stderr, status], ['', 0])
    const told = stdout.split('\0').slice(0, -1)
    t.deepEqual(
      told.filter((_, i) => i % 2 === 1),
      targets,
    )
    t.deepEqual(
      told.filter((_, i) => i % 2 === 0).map(({ length }) => length),
      paths.map(lengthOf),
    )
    t.false(existsSync(dirname(told[0] ?? '/')))
  })
}

test('What means nothing to a shell stands as it is, and all else in quotes', (t) => {
  t.is(word('/usr/bin/a-b_c.d@e%f+g=h:i,j'), '/usr/bin/a-b_c.d@e%f+g=h:i,j')
  for (const odd of [' ', '*', '$', '~', '!', '\n', '\xff']) t.is(word(`/a${odd}`), `'/a${odd}'`)
})

test('Without a link the commands stand alone', (t) => {
  t.is(new Links().around(['a', 'b']), 'a &&\nb')
})

test('Links that stay are in folders of their own, and the commands run where they are', (t) => {
  const links = new Links({ areLasting: true })
  const path = links.to('/o,dd', 'l/0')
  t.is(Links.inFolder(path), 'l/0')
  t.is(Links.inFolder('/l/0'), '/l/0')
  links.to('/o,ther', 'l/1')
  links.to('/third')
  t.deepEqual(links.around(['mount']).split(' &&\n'), [
    '(\ndir=$(mktemp -d /run/aufs-remount.XXXXXX)',
    `trap 'rm -rf "$dir"' EXIT`,
    `trap 'exit 1' HUP INT TERM`,
    'mkdir "$dir"/l',
    'ln -s /o,dd "$dir"/l/0',
    'ln -s /o,ther "$dir"/l/1',
    'ln -s /third "$dir"/2',
    'cd "$dir"',
    'mount',
    'trap - EXIT\n)',
  ])
})

/** Which processes are a container's. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { isOf, pidsOfContainer } from '../../src/cli/containers.js'
import { InputError } from '../../src/errors.js'
import { tempFolder } from '../helpers/folders.js'

const [WEB, WEBBER] = [`ab1${'0'.repeat(61)}`, `ab2${'0'.repeat(61)}`]

test('the processes of the one container whose id begins so are found, and no process is none that has ended', (t) => {
  const procfs = tempFolder(t)
  const cgroups = {
    7: `0::/docker/${WEB}\n`,
    8: `0::/docker/${WEBBER}\n`,
    9: `0::/docker/${WEB}\n`,
    10: '0::/\n',
  }
  for (const [pid, cgroup] of Object.entries(cgroups)) {
    mkdirSync(`${procfs}/${pid}`)
    writeFileSync(`${procfs}/${pid}/cgroup`, cgroup)
  }
  // What has ended has no cgroup, and what is no process none that can be read.
  mkdirSync(`${procfs}/11`)
  mkdirSync(`${procfs}/12/cgroup`, { recursive: true })
  symlinkSync('none', `${procfs}/13`)
  t.deepEqual(pidsOfContainer('ab1', procfs), [7, 9])
  t.deepEqual(pidsOfContainer(WEBBER, procfs), [8])
  for (const [start, says] of [
    ['f', 'no process is of a container whose id begins so'],
    ['ab', '2 containers have ids that begin so'],
  ] as const) {
    const error = { instanceOf: InputError, message: `--container ${start}: ${says}` }
    t.throws(() => pidsOfContainer(start, procfs), error)
  }
})

test('an id begins so, and one that is not known does not', (t) => {
  t.deepEqual([isOf(WEB, 'ab1'), isOf(WEB, 'b1'), isOf(null, 'ab1')], [true, false, false])
})

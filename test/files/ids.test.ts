import { closeSync, openSync, readFileSync } from 'node:fs'
import test from 'ava'
import fc from 'fast-check'
import {
  deviceName,
  fsPath,
  inodeName,
  isProcfs,
  isSameNumber,
  mountIdOf,
  O_PATH,
} from '../../src/files/ids.js'
import { openAt } from '../helpers/folders.js'

/** makedev() of glibc. The kernel has 12 bits of major and 20 of minor. */
function makedev(major: number, minor: number): bigint {
  return (BigInt(major) << 8n) | (BigInt(minor & ~0xff) << 12n) | BigInt(minor & 0xff)
}

test('a device is major:minor, decimal', (t) => {
  t.is(deviceName(0x11n), '0:17')
  t.is(deviceName(0xfe00n), '254:0')
  t.is(deviceName(65024n), '254:0')
  t.is(deviceName(makedev(259, 1048575)), '259:1048575')
  fc.assert(
    fc.property(fc.nat(0xfff), fc.nat(0xf_ffff), (major, minor) => {
      t.is(deviceName(makedev(major, minor)), `${major}:${minor}`)
    }),
  )
})

test('a byte string is given to node:fs byte by byte', (t) => {
  t.is(fsPath('/plain'), '/plain')
  t.deepEqual(fsPath('/\xff\xc3\xa9'), Buffer.from([0x2f, 0xff, 0xc3, 0xa9]))
  t.is(O_PATH, 0o10000000)
})

test('an inode is a number of 64 bits, and its lower half tells files apart where the upper tells layers', (t) => {
  t.is(inodeName(-1n), '18446744073709551615')
  t.is(inodeName(2n ** 53n + 1n), '9007199254740993')
  const file = (ino: bigint) => ({ dev: '0:1', ino: String(ino) })
  t.true(isSameNumber(file(7n), file(2n ** 63n + 7n)))
  t.true(isSameNumber(file(2n ** 32n + 7n), { dev: '0:2', ino: '7' }))
  t.false(isSameNumber(file(7n), file(2n ** 63n + 8n)))
  t.false(isSameNumber(file(2n ** 31n + 7n), file(7n)))
})

test('the mount of an open file is read, and what it is read from does not stay open', (t) => {
  const fd = openSync('/', 'r')
  const [, id] = /^mnt_id:\t(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1')) ?? []
  t.is(String(mountIdOf(fd)), String(id))
  t.is(openAt(`/proc/${process.pid}/fdinfo/${fd}`), 0)
  closeSync(fd)
})

test('a procfs is told from any other folder, and from none', (t) => {
  t.deepEqual(
    ['/proc', '/proc/self', '/usr', '/nowhere'].map((folder) => isProcfs(folder)),
    [true, true, false, false],
  )
})

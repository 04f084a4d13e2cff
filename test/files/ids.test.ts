import test from 'ava'
import fc from 'fast-check'
import { deviceName, fsPath, O_PATH } from '../../src/files/ids.js'

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

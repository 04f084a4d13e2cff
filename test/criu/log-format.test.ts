import { rmSync } from 'node:fs'
import test from 'ava'
import { logFormat } from '../../src/criu/log-format.js'
import type { ByteString } from '../../src/text/byte-string.js'
import { type TableOptions, tableFilter } from '../../src/unions/tables.js'
import { aufs, sysfsOf } from '../helpers/aufs.js'
import { tell } from '../helpers/filters.js'

function tablesOf(lines: ByteString[], options: TableOptions) {
  return tell(tableFilter(options), lines)
}

const overlay = '68 63 0:40 / /m1 rw - overlay overlay rw,lowerdir=/l1:/l2,upperdir=/u,workdir=/w,uuid=on'

test('--format log writes the frozen lines, escaped as sysfs does, whatever --sysfs says', (t) => {
  // The exact texts of captures/leaky-04-odd, and a br10 after br9.
  const sysfs = sysfsOf(t, {
    a257da936bb3377a: [
      '/o/top=rw',
      '/o/base=ro+wh',
      '/o/sp\\040ace=ro+wh',
      '/o/new\\012line=ro+wh',
      '/o/back\\134slash=ro+wh',
      '/o/lit\\134040eral=ro+wh',
      '/o/eq=rw=ro+wh',
      '/o/co:lon=ro+wh',
      '/o/#hash=ro+wh',
      '/o/bad\xffbyte=ro+wh',
      '/o/del\\177ete=ro+wh',
    ],
  })
  const format = logFormat()
  const text = tablesOf([aufs(1, 'a257da936bb3377a')], { sysfs })
    .records.map(format)
    .join('')
  const si = '(00.000000) /sys/fs/aufs/si_a257da936bb3377a'
  t.is(
    text,
    [
      `${si}/br0 : /o/top`,
      `${si}/br1 : /o/base`,
      `${si}/br2 : /o/sp\\040ace`,
      `${si}/br3 : /o/new\\012line`,
      `${si}/br4 : /o/back\\134slash`,
      `${si}/br5 : /o/lit\\134040eral`,
      `${si}/br6 : /o/eq=rw`,
      `${si}/br7 : /o/co:lon`,
      `${si}/br8 : /o/#hash`,
      `${si}/br9 : /o/bad\xffbyte`,
      `${si}/br10 : /o/del\\177ete`,
      '',
    ].join('\n'),
  )
})

test('--format log tells each superblock once, no overlay, and no branch that is not known', (t) => {
  const sysfs = sysfsOf(t, { a1: ['/a=rw', '/b=ro', '/c=ro'], b2: ['/x=rw'] })
  rmSync(`${sysfs}/fs/aufs/si_a1/br1`)
  const lines = [aufs(1, 'a1'), overlay, aufs(2, 'b2'), aufs(3, 'a1', '/again'), aufs(4, 'b2')]
  const { records, errors } = tablesOf(lines, { sysfs })
  t.is(
    records.map(logFormat()).join(''),
    '(00.000000) /sys/fs/aufs/si_a1/br0 : /a\n(00.000000) /sys/fs/aufs/si_a1/br2 : /c\n(00.000000) /sys/fs/aufs/si_b2/br0 : /x\n',
  )
  t.is(errors.length, 1)
})

test('branches from the mount options are logged as sysfs would escape them', (t) => {
  const { records } = tablesOf([aufs(1, 'f4', '/u', ',br:/o/top=rw:/o/new\\012li,ne=ro+wh')], {
    sysfs: '/nowhere',
  })
  t.is(
    records.map(logFormat()).join(''),
    '(00.000000) /sys/fs/aufs/si_f4/br0 : /o/top\n(00.000000) /sys/fs/aufs/si_f4/br1 : /o/new\\012li,ne\n',
  )
})

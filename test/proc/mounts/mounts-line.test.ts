import { readFileSync } from 'node:fs'
import test from 'ava'
import { parseMount } from '../../../src/proc/mounts/mountinfo.js'
import { parseMountsLine } from '../../../src/proc/mounts/mounts-line.js'

test('a line of /proc/mounts tells where what is mounted, and how', (t) => {
  t.deepEqual(parseMountsLine('so\\040urce /m\\040nt overlay rw,nosuid,relatime,lowerdir=/a\\134:b:/c 0 0'), {
    mount_source: 'so urce',
    mount_point: '/m nt',
    fs_type: 'overlay',
    mount_options: ['rw', 'nosuid', 'relatime'],
    super_options: ['rw', 'lowerdir=/a\\:b:/c'],
  })
  t.is(parseMountsLine(' /m tmpfs rw 0 0')?.mount_source, '')
  t.is(parseMountsLine('a /m tmpfs rw 10 20')?.fs_type, 'tmpfs')
})

const others: Record<string, string> = {
  mountinfo: '36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw',
  'what mount prints': '/dev/vda on / type ext4 (rw,relatime)',
  'too few fields': '/dev/vda / ext4 rw 0',
  'a mount point that is none': 'a b ext4 rw 0 0',
  'a field before the source': 'a /dev/vda / ext4 rw 0 0',
  'a field after the numbers': '/dev/vda / ext4 rw 0 0 x',
  'a NUL': '/dev/vda /\0 ext4 rw 0 0',
  json: '{"a":1}',
}

for (const [name, line] of Object.entries(others))
  test(`no line of /proc/mounts: ${name}`, (t) => {
    t.is(parseMountsLine(line), null)
  })

test("this machine's /proc/mounts has the mounts of its mountinfo", (t) => {
  const lines = (file: string) => readFileSync(file, 'latin1').split('\n').slice(0, -1)
  const named = ({ mount_source, mount_point, fs_type }: { [key: string]: unknown }) =>
    JSON.stringify([mount_source, mount_point, fs_type])
  const listed = new Set(lines('/proc/self/mountinfo').map((line) => named({ ...parseMount(line) })))
  const mounted = lines('/proc/self/mounts').map(parseMountsLine)
  t.true(mounted.length > 0)
  for (const line of mounted)
    t.true(line !== null && (line.mount_source === 'none' || listed.has(named({ ...line }))))
})

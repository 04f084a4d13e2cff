import test from 'ava'
import { type CgroupNames, parseCgroups } from '../../src/proc/cgroup.js'

const ID = '3fd2a1b0c4e528720365c5e7476a011e4f43ac003ee5f16247a263b9d623aa85'
const OTHER = ID.replace('3', '4')

const POD = 'kubepods-besteffort-pod0b4f4b0e_0a3c_4c5d_9a3c_0b4f4b0e0a3c.slice'
const USER = '/user.slice/user-1000.slice/user@1000.service'

interface Case extends CgroupNames {
  name: string
  text: string
}

const cases: Case[] = [
  {
    name: 'a service',
    text: '0::/system.slice/cron.service\n',
    container: null,
    unit: 'cron.service',
    cgroup: '/system.slice/cron.service',
  },
  {
    name: 'a service in systemd’s hierarchy alone (v1)',
    text: '12:memory:/\n1:name=systemd:/system.slice/cron.service\n',
    container: null,
    unit: 'cron.service',
    cgroup: '/system.slice/cron.service',
  },
  {
    name: 'both hierarchies',
    text: '1:name=systemd:/docker/a\n0::/system.slice/docker.service\n',
    container: null,
    unit: 'docker.service',
    cgroup: '/system.slice/docker.service',
  },
  {
    name: 'a v2 hierarchy that systemd does not use',
    text: '1:name=systemd:/system.slice/cron.service\n0::/\n',
    container: null,
    unit: 'cron.service',
    cgroup: '/system.slice/cron.service',
  },
  {
    name: 'controllers without systemd (v1)',
    text: '4:cpu:/cron.service\n',
    container: null,
    unit: null,
    cgroup: null,
  },
  {
    name: 'a cgroup below a service',
    text: '0::/system.slice/web.service/workers/1\n',
    container: null,
    unit: 'web.service',
    cgroup: '/system.slice/web.service/workers/1',
  },
  {
    name: 'an instance with an escaped name',
    text: '0::/system.slice/system-fsck.slice/fsck@dev-disk-by\\x2duuid-1.service\n',
    container: null,
    unit: 'fsck@dev-disk-by\\x2duuid-1.service',
    cgroup: '/system.slice/system-fsck.slice/fsck@dev-disk-by\\x2duuid-1.service',
  },
  {
    name: 'a name that the kernel keeps for itself',
    text: '0::/system.slice/_cpu.service\n',
    container: null,
    unit: 'cpu.service',
    cgroup: '/system.slice/_cpu.service',
  },
  {
    name: 'a name with a _ further on',
    text: '0::/system.slice/my_app.service\n',
    container: null,
    unit: 'my_app.service',
    cgroup: '/system.slice/my_app.service',
  },
  {
    name: 'a hierarchy of systemd with another number, after one that is called as it is',
    text: '11:x1:name=systemd:/a.service\n10:name=systemd:/b.service\n',
    container: null,
    unit: 'b.service',
    cgroup: '/b.service',
  },
  {
    name: 'a name that begins with _',
    text: '0::/system.slice/__x.service\n',
    container: null,
    unit: '_x.service',
    cgroup: '/system.slice/__x.service',
  },
  {
    name: 'a socket that accepts, a mount and a swap',
    text: '0::/a.socket/b.mount/c.swap\n',
    container: null,
    unit: 'c.swap',
    cgroup: '/a.socket/b.mount/c.swap',
  },
  {
    name: 'a session',
    text: '0::/user.slice/user-1000.slice/session-3.scope\n',
    container: null,
    unit: 'session-3.scope',
    cgroup: '/user.slice/user-1000.slice/session-3.scope',
  },
  {
    name: 'a service of a user',
    text: `0::${USER}/app.slice/editor.service\n`,
    container: null,
    unit: 'editor.service',
    cgroup: `${USER}/app.slice/editor.service`,
  },
  {
    name: 'slices alone, which are none to restart',
    text: '0::/user.slice/user-1000.slice\n',
    container: null,
    unit: null,
    cgroup: '/user.slice/user-1000.slice',
  },
  {
    name: 'what is no name of a unit',
    text: '0::/.service/@.service/a b.service/$(x).service/\xff.service/x.services/service\n',
    container: null,
    unit: null,
    cgroup: '/.service/@.service/a b.service/$(x).service/\xff.service/x.services/service',
  },
  {
    name: 'a name that is too long for a unit',
    text: `0::/${'x'.repeat(248)}.service\n`,
    container: null,
    unit: null,
    cgroup: `/${'x'.repeat(248)}.service`,
  },
  {
    name: 'a colon in the path',
    text: '0::/machine.slice/a:b.service\n',
    container: null,
    unit: 'a:b.service',
    cgroup: '/machine.slice/a:b.service',
  },
  {
    name: 'docker with cgroup v1',
    text: `12:memory:/docker/${ID}\n1:name=systemd:/docker/${ID}\n0::/system.slice\n`,
    container: ID,
    unit: null,
    cgroup: '/system.slice',
  },
  {
    name: 'docker with systemd',
    text: `0::/system.slice/docker-${ID}.scope\n`,
    container: ID,
    unit: `docker-${ID}.scope`,
    cgroup: `/system.slice/docker-${ID}.scope`,
  },
  {
    name: 'podman',
    text: `0::/machine.slice/libpod-${ID}.scope/container\n`,
    container: ID,
    unit: `libpod-${ID}.scope`,
    cgroup: `/machine.slice/libpod-${ID}.scope/container`,
  },
  {
    name: 'podman without root',
    text: `0::${USER}/user.slice/libpod-${ID}.scope\n`,
    container: ID,
    unit: `libpod-${ID}.scope`,
    cgroup: `${USER}/user.slice/libpod-${ID}.scope`,
  },
  {
    name: 'containerd under Kubernetes',
    text: `0::/kubepods.slice/kubepods-besteffort.slice/${POD}/cri-containerd-${ID}.scope\n`,
    container: ID,
    unit: `cri-containerd-${ID}.scope`,
    cgroup: `/kubepods.slice/kubepods-besteffort.slice/${POD}/cri-containerd-${ID}.scope`,
  },
  {
    name: 'cgroupfs under Kubernetes',
    text: `4:cpu:/kubepods/burstable/pod0b4f4b0e-0a3c-4c5d-9a3c-0b4f4b0e0a3c/${ID}\n`,
    container: ID,
    unit: null,
    cgroup: null,
  },
  {
    name: 'a container in a container',
    text: `0::/docker/${OTHER}/docker/${ID}\n`,
    container: ID,
    unit: null,
    cgroup: `/docker/${OTHER}/docker/${ID}`,
  },
  {
    name: 'a service inside a container',
    text: `0::/docker/${ID}/system.slice/cron.service\n`,
    container: ID,
    unit: 'cron.service',
    cgroup: `/docker/${ID}/system.slice/cron.service`,
  },
  {
    name: 'a process outside the reader’s cgroup namespace',
    text: '0::/../cron.service\n',
    container: null,
    unit: 'cron.service',
    cgroup: '/../cron.service',
  },
  { name: 'the root cgroup', text: '0::/\n', container: null, unit: null, cgroup: '/' },
  {
    name: 'too many digits for a container',
    text: `0::/docker/${ID}0\n`,
    container: null,
    unit: null,
    cgroup: `/docker/${ID}0`,
  },
  {
    name: 'too few digits for a container',
    text: `0::/docker/${ID.slice(1)}\n`,
    container: null,
    unit: null,
    cgroup: `/docker/${ID.slice(1)}`,
  },
  {
    name: 'a carriage return in a name, which begins no line',
    text: '1:name=systemd:/system.slice/web.service/a\r0::/b\n0::/\n',
    container: null,
    unit: 'web.service',
    cgroup: '/system.slice/web.service/a\r0::/b',
  },
  { name: 'nothing', text: '', container: null, unit: null, cgroup: null },
]

for (const { name, text, ...names } of cases)
  test(`What cgroups tell of a process: ${name}`, (t) => t.deepEqual(parseCgroups(text), names))

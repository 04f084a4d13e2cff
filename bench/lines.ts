/** Lines as the kernel, ls and CRIU write them on a machine with many containers: each is made of its number alone. */

/** 64 hexadecimal digits, as Docker names containers and layers. */
function hexId(number: number, salt: number): string {
  let state = BigInt(number * 31 + salt + 1)
  let id = ''
  while (id.length < 64) {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n)
    id += state.toString(16).padStart(16, '0')
  }
  return id.slice(0, 64)
}

const shortNames = Array.from({ length: 64 }, (_, i) => hexId(i, 7).toUpperCase().slice(0, 26))

/** A line of mountinfo: a union, with so many layers, or one of the other mounts that a container has. */
export function mountLine(number: number, kind: 'aufs' | 'overlay' | 'other', layers = 9): string {
  const head = `${number + 100} 61 0:${(number % 900_000) + 40} /`
  if (kind === 'other') return otherMount(number, head)
  const id = hexId(number, 0)
  if (kind === 'aufs') {
    const si = hexId(number, 1).slice(0, 16).replace(/^0+/, '')
    return `${head} /var/lib/docker/aufs/mnt/${id} rw,relatime shared:${number + 1} - aufs none rw,si=${si},dio,dirperm1`
  }
  const docker = '/var/lib/docker/overlay2'
  const lower = Array.from(
    { length: layers - 1 },
    (_, i) => shortNames[(number + i) % shortNames.length],
  ).map((name) => `${docker}/l/${name}`)
  return (
    `${head} ${docker}/${id}/merged rw,relatime shared:${number + 1} - overlay overlay ` +
    `rw,lowerdir=${lower.join(':')},upperdir=${docker}/${id}/diff,workdir=${docker}/${id}/work`
  )
}

function otherMount(number: number, head: string): string {
  const id = hexId(Math.floor(number / 5), 0)
  const shared = `shared:${number + 1}`
  const pod = `/var/lib/kubelet/pods/${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20, 32)}`
  const projected = `${pod}/volumes/kubernetes.io~projected/kube-api-access-${id.slice(32, 37)}`
  const volume = `/var/lib/docker/volumes/${id}/_data`
  const flags = 'rw,nosuid,nodev,noexec,relatime'
  const others = [
    `${head.slice(0, -1)}${volume} ${pod}/volume-subpaths/data/${hexId(number, 3)}/${number % 10} ${flags} ${shared} master:1 - ext4 /dev/mapper/vg0-docker rw,errors=remount-ro,stripe=32`,
    `${head} /var/lib/docker/containers/${id}/mounts/shm ${flags} ${shared} - tmpfs shm rw,size=65536k,inode64`,
    `${head} ${projected} rw,relatime ${shared} - tmpfs tmpfs rw,size=196380k,inode64`,
    `${head} ${pod}/rootfs/${hexId(number, 4)}/proc ${flags} ${shared} - proc proc rw`,
    `${head} ${pod}/rootfs/${hexId(number, 5)}/sys ro,nosuid,nodev,noexec,relatime ${shared} - sysfs sysfs rw`,
  ]
  return others[number % others.length] ?? ''
}

const BRANCHES_LOGGED = 8

/**
 * A line of a dump.log of CRIU: a mount and its branches at the end of each `step` lines, around it what CRIU says of
 * memory and files.
 */
export function logLine(number: number, step: number): string {
  const time = `(${String(Math.floor(number / 1e6)).padStart(2, '0')}.${String(number % 1e6).padStart(6, '0')})`
  const table = Math.floor(number / step)
  const si = (0x18bf05b2_00000000n + BigInt(table)).toString(16)
  const branch = (number % step) - (step - BRANCHES_LOGGED)
  if (branch >= 0)
    return `${time} /sys/fs/aufs/si_${si}/br${branch} : /var/lib/docker/aufs/diff/${hexId(table, branch)}`
  if (branch === -1)
    return `${time} \ttype aufs source none mnt_id ${30 + table} s_dev 0x12 / @ ./vol/${table} flags 0x200000 options si=${si},dio,dirperm1`
  const address = (0x7f0000000000 + number * 4096).toString(16)
  const others = [
    `0x${address}-0x${address} (4K) prot 0x1 flags 0x2 fdflags 0 st 0x41 off 0 reg fp  shmid: 0x${number.toString(16)}`,
    `vma ${address} borrows vfi from previous ${address}`,
    'mnt_id 30 path ./usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0 of a regular file mapping, dev 0x12',
    'Dumping path for -3 fd via self 20 [/usr/lib/python3.11/site-packages/numpy/core/_multiarray_umath.so]',
    `page-pipe: Add iov to page pipe (${number % 16} iovs, ${number % 64}/1024 total)`,
    `pagemap-cache: 4711: filling VMA ${address}-${address} (132K) [l:${address} h:${address}]`,
  ]
  return `${time} ${others[number % others.length]}`
}

/** A line of `ls -l` of a map_files folder. */
export function listingEntry(number: number): string {
  const start = (0x7f0000000000 + number * 8192).toString(16)
  const end = (0x7f0000000000 + number * 8192 + 4096).toString(16)
  return `lr-------- 1 root root 64 Sep  1 00:00 ${start}-${end} -> /var/lib/docker/aufs/diff/${hexId(0, number % 8)}/usr/lib/lib${number % 3000}.so`
}

/** A branch table whose layers hold the files of {@link listingEntry}. */
export function tableRecord(number: number): string {
  return JSON.stringify({
    mount_id: 30,
    mount_point: '/',
    root: '/',
    dev: '0:18',
    fs_type: 'aufs',
    si: (0x18bf05b2_00000000n + BigInt(number)).toString(16),
    source: 'log',
    xi_path: null,
    workdir: null,
    branches: Array.from({ length: BRANCHES_LOGGED }, (_, index) => ({
      index,
      id: null,
      path: `/var/lib/docker/aufs/diff/${hexId(number, index)}`,
      perm: null,
      attributes: [],
    })),
  })
}

/** A VMA record of a file in a layer, as `aufs-vma` writes it. */
export function vmaRecord(number: number, layer: string): string {
  const start = (0x7f0000000000 + number * 8192).toString(16)
  const end = (0x7f0000000000 + number * 8192 + 4096).toString(16)
  const container = hexId(Math.floor(number / 300), 0)
  const pid = 1000 + Math.floor(number / 100)
  const path = `/usr/lib/x86_64-linux-gnu/lib${number % 3000}.so`
  const [dev, ino] = ['0:45', String(number % 100_000)]
  return JSON.stringify({
    ...{ pid, comm: 'server', container, unit: `docker-${container}.scope` },
    ...{ cgroup: `/system.slice/docker-${container}.scope`, start, end, perms: 'r-xp', offset: '1000' },
    ...{ link: path, path, rpath: `.${path}`, fpath: `/proc/${pid}/root${path}`, dev, ino },
    ...{ mnt_id: 500, fixed: false, state: 'current' },
    branch: { mount_id: 500, si: null, index: 3, id: null, path: layer, perm: 'ro', attributes: [] },
    kernel: {
      ...{ dev, ino, maps_dev: dev, maps_ino: ino, maps_name: path, mnt_id: 500, mnt_listed: true },
      ...{ real_dev: null, real_ino: null },
    },
  })
}

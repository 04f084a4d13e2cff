/** Lines of /proc/PID/cgroup: the container and the systemd unit that a process belongs to. */
import type { ByteString } from '../text/byte-string.js'

/** What a process's cgroups say of it. */
export interface CgroupNames {
  /** The container's id; null if there is none. */
  container: ByteString | null
  /** The systemd unit, as `systemctl` takes it; null if there is none. */
  unit: ByteString | null
  /** The path of the cgroup; null if no line has it. */
  cgroup: ByteString | null
}

/**
 * Parses /proc/PID/cgroup (cgroups(7)), of which each line is a hierarchy, its controllers and a path:
 *
 *     1:name=systemd:/system.slice/cron.service
 *     0::/system.slice/cron.service
 *
 * @example parseCgroups('0::/system.slice/cron.service\n').unit // 'cron.service'
 */
export function parseCgroups(text: ByteString): CgroupNames {
  const cgroup = cgroupOf(text)
  return { container: containerOf(text), unit: cgroup === null ? null : unitOf(cgroup), cgroup }
}

/**
 * The path in the v2 hierarchy, else in systemd's own (v1). Where systemd runs on v1 alone, and something else has mounted v2,
 * all processes are in the root of v2, which says nothing.
 */
function cgroupOf(text: ByteString): ByteString | null {
  const unified = pathIn(text, /^0::(.*)$/s)
  return unified === null || unified === '/' ? (pathIn(text, /^\d+:name=systemd:(.*)$/s) ?? unified) : unified
}

/** The path in the first line of a hierarchy. It may hold any byte but a newline, also those that end a line elsewhere. */
function pathIn(text: ByteString, hierarchy: RegExp): ByteString | null {
  const lines = text.split('\n').map((line) => hierarchy.exec(line)?.[1])
  return lines.find((path) => path !== undefined) ?? null
}

/** The container's id: 64 hexadecimal digits, in every runtime's layout (`/docker/ID`, `libpod-ID.scope`, `cri-containerd-ID.scope`). */
function containerOf(text: ByteString): ByteString | null {
  return [...text.matchAll(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g)].at(-1)?.[0] ?? null
}

/**
 * A unit's name (`unit_name_is_valid()` in unit-name.c), plain or of an instance, of the types that have processes. A slice only
 * groups units: to restart one would restart them all.
 */
const UNIT = /^[\w:.\\-]+(?:@[\w:.\\@-]+)?\.(?:service|scope|socket|mount|swap)$/

/**
 * The last component that names a unit: below it are the unit's own cgroups, and the units of a container's or user's own
 * systemd.
 *
 * systemd writes a `_` before a name that the kernel keeps for itself, such as `cpu.service` (`cg_escape()` in
 * cgroup-util.c). `\x2d` for `-` is part of the name, and `systemctl` takes it so.
 */
function unitOf(cgroup: ByteString): ByteString | null {
  const names = cgroup.split('/').map((component) => component.replace(/^_/, ''))
  return names.findLast((name) => name.length < LONGEST_NAME && UNIT.test(name)) ?? null
}

/** With the byte that ends it (UNIT_NAME_MAX in unit-name.h). */
const LONGEST_NAME = 256

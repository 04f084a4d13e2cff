/** Where Podman has stores, by containers-storage.conf(5). `root` is the folder that /etc and /usr are in. */
import { existsSync } from 'node:fs'
import type { ByteString } from '../../text/byte-string.js'
import { readLines, users } from '../homes.js'

/** The first of these that is there counts. */
const CONFIGURATIONS = ['/etc/containers/storage.conf', '/usr/share/containers/storage.conf']

/** Root's store. */
export function graphRoot(root = ''): ByteString {
  return valuesOf('graphroot', root)[0] ?? '/var/lib/containers/storage'
}

/** Stores of images alone, which others lie on. */
export function additionalStores(root = ''): ByteString[] {
  return valuesOf('additionalimagestores', root)
}

/** The stores of those who run containers without root. */
export function rootlessStores(root = '', { XDG_DATA_HOME } = process.env): ByteString[] {
  const [configured] = valuesOf('rootless_storage_path', root)
  return [
    ...(XDG_DATA_HOME
      ? [Buffer.from(XDG_DATA_HOME).toString('latin1')].map((folder) => `${folder}/containers/storage`)
      : []),
    ...users(root).flatMap(({ name, uid, home }) => [
      `${home}/.local/share/containers/storage`,
      ...(configured === undefined
        ? []
        : [configured.replaceAll('$HOME', home).replaceAll('$USER', name).replaceAll('$UID', uid)]),
    ]),
  ]
}

/** The texts of a key in the configuration, which is TOML: `key = "text"` or a list of them, maybe on several lines. */
function valuesOf(key: string, root: string): ByteString[] {
  const file = CONFIGURATIONS.map((each) => root + each).find((each) => existsSync(each))
  return file === undefined ? [] : valuesIn(readLines(file), key)
}

const TEXT = `"[^"\n]*"|'[^'\n]*'`
/** What a list is made of, besides its end: texts, comments, and all else. */
const IN_LIST = `${TEXT}|#.*|[^\\]"'#]`

/** @example valuesIn(['graphroot = "/srv"'], 'graphroot') // ['/srv'] */
export function valuesIn(lines: readonly ByteString[], key: string): ByteString[] {
  const assignment = new RegExp(`^[ \\t]*${key}[ \\t]*=[ \\t]*(\\[(?:${IN_LIST})*|${TEXT})`, 'm')
  const [, value = ''] = assignment.exec(lines.join('\n')) ?? []
  return Array.from(
    value.matchAll(/"([^"]*)"|'([^']*)'|#.*/g),
    ([, double, single]) => double ?? single ?? '',
  ).filter((each) => each !== '')
}

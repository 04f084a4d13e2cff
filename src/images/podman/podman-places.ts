/** Where Podman has stores, by containers-storage.conf(5). */
import { existsSync } from 'node:fs'
import type { ByteString } from '../../text/byte-string.js'
import { readLines, users } from '../homes.js'

/** The first of these that is there counts. */
const CONFIGURATIONS = ['/etc/containers/storage.conf', '/usr/share/containers/storage.conf']

/** Root's store. */
export function graphRoot(): ByteString {
  return valuesOf('graphroot')[0] ?? '/var/lib/containers/storage'
}

/** Stores of images alone, which others lie on. */
export function additionalStores(): ByteString[] {
  return valuesOf('additionalimagestores')
}

/** The stores of those who run containers without root. */
export function rootlessStores(): ByteString[] {
  const [configured] = valuesOf('rootless_storage_path')
  const { XDG_DATA_HOME } = process.env
  return [
    ...(XDG_DATA_HOME
      ? [Buffer.from(XDG_DATA_HOME).toString('latin1')].map((folder) => `${folder}/containers/storage`)
      : []),
    ...users().flatMap(({ name, uid, home }) => [
      `${home}/.local/share/containers/storage`,
      ...(configured === undefined
        ? []
        : [configured.replaceAll('$HOME', home).replaceAll('$USER', name).replaceAll('$UID', uid)]),
    ]),
  ]
}

/** The texts of a key in the configuration, which is TOML: `key = "text"` or a list of them, maybe on several lines. */
function valuesOf(key: string): ByteString[] {
  const file = CONFIGURATIONS.find((each) => existsSync(each))
  return file === undefined ? [] : valuesIn(readLines(file), key)
}

/** @example valuesIn(['graphroot = "/srv"'], 'graphroot') // ['/srv'] */
export function valuesIn(lines: readonly ByteString[], key: string): ByteString[] {
  const text = lines.filter((line) => !/^\s*#/.test(line)).join('\n')
  const [, value = ''] = new RegExp(`^[ \\t]*${key}[ \\t]*=[ \\t]*(\\[[^\\]]*\\]|.*)`, 'm').exec(text) ?? []
  const texts = value.startsWith('[')
    ? value.replace(/#.*$/gm, '')
    : (/^\s*("[^"]*"|'[^']*')/.exec(value)?.[0] ?? '')
  return Array.from(
    texts.matchAll(/"([^"]*)"|'([^']*)'/g),
    ([, double, single]) => double ?? single ?? '',
  ).filter((each) => each !== '')
}

/** The users of this machine, whose engines run without root and keep their stores at home. */
import { readFileSync } from 'node:fs'
import type { ByteString } from '../text/byte-string.js'

/** A user, as /etc/passwd has it. */
export interface User {
  name: ByteString
  uid: ByteString
  home: ByteString
}

/** @param root the folder that /etc is in */
export function users(root = ''): User[] {
  return readLines(`${root}/etc/passwd`).flatMap((line) => {
    const [name = '', , uid = '', , , home = ''] = line.split(':')
    return home.startsWith('/') ? [{ name, uid, home }] : []
  })
}

/** The lines of a file of this machine; none where it cannot be read. */
export function readLines(file: string): ByteString[] {
  try {
    return readFileSync(file, 'latin1').split('\n')
  } catch {
    return []
  }
}

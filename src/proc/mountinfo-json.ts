/** Mountinfo lines to NDJSON, as `aufs-mounts` does it: nearly all lines are so plain that their record need not be made. */

import type { Filter } from '../lines/filter.js'
import type { ByteString } from '../text/byte-string.js'
import { ndjsonLine } from '../text/json.js'
import { parseMount } from './mountinfo.js'

/** Characters that stand in JSON as they do in mountinfo: ASCII, and nothing that either of them escapes. */
const PLAIN = '[!#-[\\]-~]'

/** The separator is the first field of a dash alone. */
const FIELD = `(?!- )${PLAIN}+`

/** A number as JSON has it, so far as it is exact. */
const ID = '0|[1-9]\\d{0,14}'

/** Of optional fields the kernel has four; any number of them would take as much of the engine's stack. */
const PLAIN_MOUNT = new RegExp(
  `^(${ID}) (${ID}) (\\d+:\\d+) (${FIELD}) (${FIELD}) (${FIELD})((?: ${FIELD}){0,4}) - (${PLAIN}+) (${PLAIN}*) (${PLAIN}*)$`,
)

/**
 * The NDJSON line of a mountinfo line, without parsing what stands in JSON as it does there.
 *
 * @returns null for a line that is not so plain, or none of a mount: `ndjsonLine(parseMount(line))` tells
 */
export function plainMountJson(line: ByteString): ByteString | null {
  const fields = PLAIN_MOUNT.exec(line)
  if (fields === null) return null
  const [, id, parent, dev, root, point, options = '', optional = '', type, source, superOptions = ''] =
    fields
  return (
    `{"mount_id":${id},"parent_id":${parent},"dev":"${dev}","root":"${root}","mount_point":"${point}",` +
    `"mount_options":[${strings(options, ',')}],"optional_fields":[${optional && strings(optional.slice(1), ' ')}],` +
    `"fs_type":"${type}","mount_source":"${source}","super_options":[${strings(superOptions, ',')}]}\n`
  )
}

/** The parts of a text as strings in JSON. (Without an array of them: it takes twice as long.) */
function strings(text: ByteString, separator: string): ByteString {
  let json = '"'
  let start = 0
  for (let at = text.indexOf(separator); at !== -1; at = text.indexOf(separator, start)) {
    json += `${text.slice(start, at)}","`
    start = at + 1
  }
  return `${json}${text.slice(start)}"`
}

/** The filter behind `aufs-mounts`: from mountinfo lines to NDJSON lines. */
export function mountJsonFilter(): Filter<ByteString> {
  return {
    line: ({ text }, emit) => emit(plainMountJson(text) ?? ndjsonLine(parseMount(text))),
  }
}

/** Mountinfo lines to NDJSON, and back. Nearly all lines are so plain that no record need be made of them. */

import type { Filter } from '../../lines/filter.js'
import type { ByteString } from '../../text/byte-string.js'
import { ndjsonLine } from '../../text/json.js'
import { parseMount } from './mountinfo.js'

/** Characters that are the same in JSON and in mountinfo: ASCII that neither of them escapes. */
const PLAIN = '[!#-[\\]-~]'

/** The separator is the first field of a dash alone. */
const FIELD = `(?!- )${PLAIN}+`

/** A number that is the same in JSON, and exact. */
const ID = '0|[1-9]\\d{0,14}'

/** The kernel has four optional fields. A pattern for any number of them could exhaust the stack of the engine. */
const PLAIN_MOUNT = new RegExp(
  `^(${ID}) (${ID}) (\\d+:\\d+) (${FIELD}) (${FIELD}) (${FIELD})((?: ${FIELD}){0,4}) - (${PLAIN}+) (${PLAIN}*) (${PLAIN}*)$`,
)

/**
 * Makes the NDJSON line of a plain mountinfo line. Parts that are the same in JSON are not parsed.
 *
 * @returns null for any other line: `ndjsonLine(parseMount(line))` makes its NDJSON, or throws
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

/** A text in JSON that would be a field of mountinfo as it is. */
const TEXT = `(?!-")${PLAIN}+`

/** Texts that would be the options of a field of mountinfo, between commas. */
const OPTIONS = '"[!#-+\\--[\\]-~]+"'

const PLAIN_RECORD = new RegExp(
  `^\\{"mount_id":(${ID}),"parent_id":(${ID}),"dev":"(\\d+:\\d+)","root":"(${TEXT})","mount_point":"(${TEXT})",` +
    `"mount_options":\\[(?!"-"\\])(${OPTIONS}(?:,${OPTIONS})*)\\],"optional_fields":\\[((?:"${TEXT}"(?:,"${TEXT}"){0,3})?)\\],` +
    `"fs_type":"(${PLAIN}+)","mount_source":"(${PLAIN}*)","super_options":\\[(${OPTIONS}(?:,${OPTIONS})*)\\]\\}$`,
)

/**
 * The mountinfo line of a mount record in NDJSON, where both are plain: it is the record that {@link plainMountJson} makes of that
 * line. What takes lines needs no record then.
 *
 * @returns null for any other text
 */
export function plainMountLine(json: ByteString): ByteString | null {
  const fields = PLAIN_RECORD.exec(json)
  if (fields === null) return null
  const [, id, parent, dev, root, point, options = '', optional = '', type, source, superOptions = ''] =
    fields
  return (
    `${id} ${parent} ${dev} ${root} ${point} ${joined(options, ',')}${optional && ' '}${joined(optional, ' ')} - ` +
    `${type} ${source} ${joined(superOptions, ',')}`
  )
}

/** The texts of a list in JSON. */
function joined(strings: ByteString, separator: string): ByteString {
  return strings.slice(1, -1).replaceAll('","', separator)
}

/** The parts of a text as strings in JSON. (To make an array of them first takes twice as long.) */
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

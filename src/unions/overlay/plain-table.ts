/** Mountinfo lines of overlays to NDJSON, for `aufs-branches`. Most lines are so plain that no table need be made of them. */
import type { ByteString } from '../../text/byte-string.js'

/** A number that is the same in JSON, and exact. */
const ID = '0|[1-9]\\d{0,14}'

/** Characters that are the same in JSON and in mountinfo: ASCII that neither of them escapes. */
const PLAIN = '[!#-[\\]-~]'

/** The separator is the first field of a dash alone. */
const FIELD = `(?!- )${PLAIN}+`

/** A path with nothing in it that options escape or end with, and that is sure to be seen from the reader's root. */
const PATH = '/(?!proc/|dev/)[!#-+\\--9;-[\\]-~]+'

/** An option that tells no path, nor goes on the one before. */
const OPTION = '(?!(?:lower|upper|work|data)dir)[a-z_]+(?:=[!#-+\\--[\\]-~]*)?'

const PLAIN_OVERLAY = new RegExp(
  `^(${ID}) \\d{1,15} (\\d+:\\d+) (${FIELD}) (${FIELD}) (${FIELD})(?: ${FIELD}){0,4} - overlay (?!composefs)${PLAIN}* ` +
    `(${OPTION}(?:,${OPTION})*),lowerdir=(${PATH}(?::${PATH})*)(?:,upperdir=(${PATH}),workdir=(${PATH}))?((?:,${OPTION})*)$`,
)

/**
 * Makes the NDJSON line of the table of a plain mountinfo line. Parts that are the same in JSON are not parsed.
 *
 * @returns null for any other line, of which a table has to be made
 */
export function plainTableJson(line: ByteString): ByteString | null {
  const fields = PLAIN_OVERLAY.exec(line)
  if (fields === null) return null
  const [, id, dev, root, point, flags = '', before = '', lower = '', upper, workdir, after = ''] = fields
  const layers = lower.split(':')
  const first = upper === undefined ? 0 : 1
  let branches = upper === undefined ? '' : branch(0, upper, 'rw')
  for (const [i, path] of layers.entries())
    branches += (i + first === 0 ? '' : ',') + branch(i + first, path, 'ro')
  return (
    `{"mount_id":${id},"mount_point":"${point}","root":"${root}","dev":"${dev}","fs_type":"overlay","si":null,` +
    `"source":"mountinfo","xi_path":null,"workdir":${workdir === undefined ? null : `"${workdir}"`},` +
    `"mount_options":[${strings(flags)}],"options":[${strings(before + after)}],"branches":[${branches}]}\n`
  )
}

function branch(index: number, path: ByteString, perm: 'rw' | 'ro'): ByteString {
  return `{"index":${index},"id":null,"path":"${path}","perm":"${perm}","attributes":[]}`
}

function strings(options: ByteString): ByteString {
  return `"${options.replaceAll(',', '","')}"`
}

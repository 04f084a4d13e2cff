/**
 * Scans lines sixteen bytes at a time. This is AssemblyScript: the build makes dist/src/lines/scan.wasm of it, which
 * src/lines/scan.ts runs.
 *
 * `start` and `end` are places in memory: where a line begins, and after the newline of the last one.
 */

const NEWLINE: u8 = 0x0a
const SPACE: u8 = 0x20
const DASH: u8 = 0x2d

/** How many bytes are compared at once. */
const STEP: usize = 16

/** How many steps a counter of one byte can count. */
const MOST_STEPS: usize = 255

/** How many lines there are. */
export function countLines(start: usize, end: usize): i32 {
  let sums = v128.splat<i32>(0)
  let at = start
  while (at + STEP <= end) {
    const stop = min(end, at + STEP * MOST_STEPS)
    let counts = v128.splat<u8>(0)
    // An equal byte gives -1.
    for (; at + STEP <= stop; at += STEP) counts = v128.sub<u8>(counts, equal(v128.load(at), NEWLINE))
    sums = v128.add<i32>(sums, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(counts)))
  }
  let lines = i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1)
  lines += i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3)
  for (; at < end; at += 1) lines += i32(load<u8>(at) === NEWLINE)
  return lines
}

/** Where the first line begins that is not plainly a mount of another type (`isOtherMount()` in src/unions/tables.ts), or `end`. */
export function nextMount(start: usize, end: usize, initials: i32): usize {
  let line = start
  while (line < end) {
    const separator = findSeparator(line)
    const bit = i32(load<u8>(separator, 3)) & 31
    if (!isDigit(load<u8>(line)) || separator < line + SHORTEST_HEAD) return line
    if (load<u8>(separator) === NEWLINE || (initials >> bit) & 1) return line
    line = findNewline(separator) + 1
  }
  return end
}

/** The shortest that can stand before a mount's separator: `1 1 0:1 / / rw`. */
const SHORTEST_HEAD: usize = 14

function isDigit(byte: u8): bool {
  return byte >= 0x30 && byte <= 0x39
}

/** The first ` - `, or the newline where there is none. */
function findSeparator(start: usize): usize {
  let at = start
  while (!v128.any_true(separatorsOrNewlines(at))) at += STEP
  return at + first(separatorsOrNewlines(at))
}

function separatorsOrNewlines(at: usize): v128 {
  const bytes = v128.load(at)
  const spaces = v128.and(equal(bytes, SPACE), equal(v128.load(at, 2), SPACE))
  const separators = v128.and(spaces, equal(v128.load(at, 1), DASH))
  return v128.or(separators, equal(bytes, NEWLINE))
}

function findNewline(start: usize): usize {
  let at = start
  while (!v128.any_true(equal(v128.load(at), NEWLINE))) at += STEP
  return at + first(equal(v128.load(at), NEWLINE))
}

/** Where the first line begins that holds one of two pairs of bytes, or `end`. */
export function nextWithPair(start: usize, end: usize, one: i32, other: i32): usize {
  const a = v128.splat<u8>(u8(one))
  const b = v128.splat<u8>(u8(one >> 8))
  const c = v128.splat<u8>(u8(other))
  const d = v128.splat<u8>(u8(other >> 8))
  let at = start
  // Nearly always there is nothing in so many bytes.
  while (at < end && !v128.any_true(v128.or(pairs2(at, a, b, c, d), pairs2(at + 2 * STEP, a, b, c, d))))
    at += 4 * STEP
  while (at < end && !v128.any_true(pairs(at, a, b, c, d))) at += STEP
  const place = at + first(pairs(at, a, b, c, d))
  return place < end ? beginOfLine(place, start) : end
}

function pairs2(at: usize, a: v128, b: v128, c: v128, d: v128): v128 {
  return v128.or(pairs(at, a, b, c, d), pairs(at + STEP, a, b, c, d))
}

/** Bytes with which the pair `ab` or `cd` begins. */
function pairs(at: usize, a: v128, b: v128, c: v128, d: v128): v128 {
  const bytes = v128.load(at)
  const next = v128.load(at, 1)
  const one = v128.and(v128.eq<u8>(bytes, a), v128.eq<u8>(next, b))
  const other = v128.and(v128.eq<u8>(bytes, c), v128.eq<u8>(next, d))
  return v128.or(one, other)
}

function beginOfLine(place: usize, start: usize): usize {
  let begin = place
  while (begin > start && load<u8>(begin - 1) !== NEWLINE) begin -= 1
  return begin
}

function equal(bytes: v128, byte: u8): v128 {
  return v128.eq<u8>(bytes, v128.splat<u8>(byte))
}

/** The number of the first byte that is found; beyond the last where none is. */
function first(found: v128): usize {
  return ctz(v128.bitmask<u8>(found))
}

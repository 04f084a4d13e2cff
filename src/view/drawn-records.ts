/** What a picture is made of: VMA records and branch tables, read back from NDJSON. */

import { InputError } from '../errors.js'
import type { Filter } from '../lines/filter.js'
import {
  count,
  either,
  type Fields,
  flag,
  list,
  only,
  optional,
  orNull,
  parseRecord,
  record,
  text,
} from '../lines/records.js'
import { readKernel } from '../proc/map-files.js'
import { type Branch, type BranchTable, readImage } from '../unions/branch-table.js'
import { branchFields, tableFields } from '../unions/tables.js'
import { isState, type Vma, type VmaBranch } from '../vma/record.js'

/** What of a {@link Vma} is drawn. What may be missing is not known. */
export type DrawnVma = DrawnFields & Partial<Pick<Vma, 'kernel' | 'unit' | 'same_bytes'>>

type DrawnFields = Pick<
  Vma,
  | 'pid'
  | 'comm'
  | 'container'
  | 'start'
  | 'end'
  | 'perms'
  | 'path'
  | 'rpath'
  | 'dev'
  | 'ino'
  | 'state'
  | 'branch'
>

/** Hexadecimal, of 64 bits. */
const address = only(
  (value): value is string => typeof value === 'string' && /^[0-9a-f]{1,16}$/.test(value),
  'is no address',
)

/** With its image, if `aufs-images` has added one. */
const drawnBranch: Fields<Branch> = { ...branchFields, image: optional(orNull(readImage)) }

const readDrawnTable = record<BranchTable>({ ...tableFields, branches: list(record(drawnBranch)) })

/** How a VMA record is read back, as far as it is drawn. */
export const readDrawnVma = record<DrawnVma>({
  pid: orNull(count),
  comm: orNull(text),
  container: orNull(text),
  start: address,
  end: address,
  perms: orNull(text),
  path: text,
  rpath: orNull(text),
  dev: orNull(text),
  ino: orNull(text),
  state: orNull(only(isState, 'is no state')),
  branch: orNull(record<VmaBranch>({ mount_id: orNull(count), si: orNull(text), ...drawnBranch })),
  // It tells memory from a file that is called so.
  kernel: optional(readKernel),
  unit: optional(orNull(text)),
  same_bytes: optional(orNull(flag)),
})

/** The bytes of a mapping. Addresses may pass 2^53. */
export function sizeOf({ start, end }: Pick<DrawnVma, 'start' | 'end'>): bigint {
  return BigInt(`0x${end}`) - BigInt(`0x${start}`)
}

/** The filter that reads both kinds, in any order. */
export function drawnFilter(): Filter<DrawnVma | BranchTable> {
  return {
    line(line, emit) {
      const drawn = parseRecord(line.text, 'VMA record or branch table', readDrawn)
      if ('start' in drawn && sizeOf(drawn) < 0n)
        throw new InputError('a mapping that ends before it starts', line.text)
      emit(drawn)
    },
  }
}

const readDrawn = either('branches', readDrawnTable, readDrawnVma)

/** What a picture is made of: VMA records and branch tables, read back from NDJSON. */

import { InputError } from '../errors.js'
import type { Filter } from '../lines/filter.js'
import { hasFields, isCount, isText, orNull, parseRecord } from '../lines/records.js'
import { isKernel } from '../proc/map-files.js'
import { type Branch, type BranchTable, isLayerImage } from '../unions/branch-table.js'
import { isBranch, isBranchTable } from '../unions/tables.js'
import type { Vma, VmaBranch } from '../vma/record.js'
import { isState } from '../vma/record.js'

/** What of a {@link Vma} is drawn. What the kernel says may be missing: it tells memory from a file that is called so. */
export type DrawnVma = DrawnFields & Partial<Pick<Vma, 'kernel'>>

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

/**
 * Whether a value has the fields of a VMA record that are drawn.
 *
 * @example isDrawnVma({ path: '/bin/sh' }) // false
 */
export function isDrawnVma(value: unknown): value is DrawnVma {
  return hasFields<DrawnFields>(value, DRAWN) && (!('kernel' in value) || isKernel(value.kernel))
}

/** Hexadecimal, of 64 bits. */
const isAddress = (value: unknown) => typeof value === 'string' && /^[0-9a-f]{1,16}$/.test(value)

function isVmaBranch(value: unknown): value is VmaBranch {
  return (
    hasFields<Pick<VmaBranch, 'mount_id' | 'si'>>(value, { mount_id: orNull(isCount), si: orNull(isText) }) &&
    isBranch(value) &&
    hasKnownImage(value)
  )
}

const DRAWN = {
  pid: orNull(isCount),
  comm: orNull(isText),
  container: orNull(isText),
  start: isAddress,
  end: isAddress,
  perms: orNull(isText),
  path: isText,
  rpath: orNull(isText),
  dev: orNull(isText),
  ino: orNull(isText),
  state: orNull(isState),
  branch: orNull(isVmaBranch),
}

/** Whether the image of a branch, if `aufs-images` has added one, can be drawn. */
function hasKnownImage({ image }: Branch): boolean {
  return image === undefined || image === null || isLayerImage(image)
}

/** The bytes of a mapping. Addresses may pass 2^53. */
export function sizeOf({ start, end }: Pick<DrawnVma, 'start' | 'end'>): bigint {
  return BigInt(`0x${end}`) - BigInt(`0x${start}`)
}

/** The filter that reads both kinds, in any order. */
export function drawnFilter(): Filter<DrawnVma | BranchTable> {
  return {
    line({ text }, emit) {
      const record = parseRecord(text, 'VMA record or branch table', isDrawn)
      if ('start' in record && sizeOf(record) < 0n)
        throw new InputError('a mapping that ends before it starts', text)
      emit(record)
    },
  }
}

function isDrawn(value: unknown): value is DrawnVma | BranchTable {
  return isDrawnVma(value) || (isBranchTable(value) && value.branches.every(hasKnownImage))
}

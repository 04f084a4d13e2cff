/** Branch tables read back from NDJSON. */
import type { Filter } from '../lines/filter.js'
import { hasFields, isCount, isText, isTexts, orNull, parseRecord } from '../lines/records.js'
import type { Branch, BranchTable } from './branch-table.js'
import { unionTypes } from './types.js'

/**
 * Whether a value has the fields of a branch table.
 *
 * @example isBranchTable({ mount_id: 29, branches: [] }) // false: the others are missing
 */
export function isBranchTable(value: unknown): value is BranchTable {
  return hasFields<BranchTable>(value, {
    mount_id: orNull(isCount),
    mount_point: orNull(isText),
    root: orNull(isText),
    dev: orNull(isText),
    fs_type: isUnionType,
    si: orNull(isText),
    source: isText,
    xi_path: orNull(isText),
    workdir: orNull(isText),
    branches: (field) => Array.isArray(field) && field.every(isBranch),
  })
}

/** Whether a value has the fields of a branch. */
export function isBranch(value: unknown): value is Branch {
  return hasFields<Branch>(value, {
    index: isCount,
    id: orNull(isCount),
    path: orNull(isText),
    perm: orNull(isText),
    attributes: isTexts,
  })
}

/** The filter that reads branch tables back from NDJSON. */
export function tableRecordFilter(): Filter<BranchTable> {
  return { line: ({ text }, emit) => emit(parseRecord(text, 'branch table', isBranchTable)) }
}

/** Whether a value is the type of a kind of union, as tables have it. */
export function isUnionType(value: unknown): value is string {
  return unionTypes.some(({ fsType }) => fsType === value)
}

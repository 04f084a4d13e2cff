/** The types of records as text and as bytes. */
import type { ByteString, IsBytes } from './byte-string.js'

/**
 * A record of byte strings as text: what streams carry, and what `toText` makes. Beside each text stands, where it is not the
 * exact bytes, its `_b64` twin; beside a list of texts a list, with null for each text that needs none.
 *
 * @example const branchOf = ({ branch }: Text<Vma>): string | undefined => branch?.path_b64 ?? branch?.path ?? undefined
 */
export type Text<T> = T extends string
  ? IsBytes<T> extends true
    ? string
    : T
  : T extends readonly unknown[]
    ? { [I in keyof T]: Text<T[I]> }
    : T extends Callable
      ? T
      : T extends object
        ? TextRecord<T>
        : T

type TextRecord<T> = { [K in keyof T]: Text<T[K]> } & {
  [K in keyof T as [Twin<T[K]>] extends [never] ? never : `${K & string}_b64`]?: Twin<T[K]>
}

/** The exact bytes of a text, or of the texts of a list, in base64. */
type Twin<Field> = Field extends string
  ? IsBytes<Field> extends true
    ? string
    : never
  : Field extends readonly (infer Item extends string)[]
    ? IsBytes<Item> extends true
      ? (string | null)[]
      : never
    : never

/** A record of text as byte strings, without `_b64` twins: what `toBytes` makes. */
export type InBytes<T> = T extends string
  ? string extends T
    ? ByteString
    : T
  : T extends Callable
    ? T
    : T extends readonly unknown[]
      ? { [I in keyof T]: InBytes<T[I]> }
      : T extends object
        ? {
            [K in keyof T as K extends `${infer Name}_b64` ? (Name extends keyof T ? never : K) : K]: InBytes<
              T[K]
            >
          }
        : T

type Callable = (...args: never[]) => unknown

/** How much, in words. A browser runs it, too. */
import prettyBytes from 'pretty-bytes'

/** How much is mapped. */
export interface Amount {
  /** Distinct files. */
  files: number
  bytes: bigint
}

/** @example greatest([1n, 3n, 2n]) // 3n; of none 0n */
export function greatest(sizes: readonly bigint[]): bigint {
  let most = 0n
  for (const size of sizes) if (size > most) most = size
  return most
}

/** @example sizeText(1536n) // '1.5 KiB' */
export function sizeText(bytes: bigint): string {
  const digits = bytes < 1024n ? 0 : 1
  return prettyBytes(bytes, {
    binary: true,
    locale: 'en',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
}

/** @example countText(1200, 'file') // '1,200 files' */
export function countText(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`
}

/** @example filesText({ files: 1 }) // '1 file' */
export function filesText({ files }: Pick<Amount, 'files'>): string {
  return countText(files, 'file')
}

/** @example processesText(8) // '8 processes' */
export function processesText(count: number): string {
  return countText(count, 'process', 'processes')
}

/** @example amountText({ files: 2, bytes: 8192n }) // '2 files, 8.0 KiB' */
export function amountText(amount: Amount): string {
  return `${filesText(amount)}, ${sizeText(amount.bytes)}`
}

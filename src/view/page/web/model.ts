/** The data of the page, decoded as far as it is looked at. */
import { sizeText } from '../../amounts.js'
import type { PageData, ProcessData, StateData } from '../data.js'
import { byId } from './dom/dom.js'

export const data = JSON.parse(byId('data', HTMLScriptElement).textContent) as PageData

/** The path of each file. */
export const paths: readonly string[] = decoded(data.paths)

function decoded(coded: PageData['paths']): string[] {
  const texts: string[] = []
  let before = ''
  for (let i = 0; i < coded.length; i += 2) {
    before = before.slice(0, Number(coded[i])) + coded[i + 1]
    texts.push(before)
  }
  return texts
}

/** A mapping in words. */
export interface Mapping extends StateData {
  /** The place of its file. */
  file: number
  path: string
  range: string
  size: string
  perms: string
  /** The place of its supply. */
  by: number
  /** What is small is still seen beside what is large. */
  weight: number
  /** Whether addresses are missing before it. */
  hasGap: boolean
}

/** The mappings of a process, in the order of addresses. */
export function mappingsOf({ spans, mapped, perms, by }: ProcessData): Mapping[] {
  const numbers = spans === '' ? [] : spans.split(' ')
  let end = 0n
  return mapped.map((file, i) => {
    const gap = hexadecimal(numbers[2 * i])
    const size = hexadecimal(numbers[2 * i + 1])
    const start = end + gap
    end = start + size
    return {
      ...stateOf(file),
      file,
      path: paths[file] ?? '',
      range: `${start.toString(16)}-${end.toString(16)}`,
      size: sizeText(size),
      perms: data.perms[perms[i] ?? 0] ?? '',
      by: by[i] ?? 0,
      weight: Math.ceil(Math.sqrt(Number(size))),
      hasGap: i > 0 && gap !== 0n,
    }
  })
}

/** Addresses may pass 2^53, and mappings of what is no process may overlap. */
function hexadecimal(text = '0'): bigint {
  return text.startsWith('-') ? -BigInt(`0x${text.slice(1)}`) : BigInt(`0x${text}`)
}

export function stateOf(file: number): StateData {
  return data.states[data.fileStates[file] ?? 0] ?? { text: '', isStale: false }
}

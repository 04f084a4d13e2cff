/** Which files and processes a text is found in. */
import { countText, processesText } from '../../amounts.js'
import { countOf } from '../../order.js'
import type { ProcessData } from '../data.js'
import { data, paths } from './model.js'

/** What was found. */
export interface Found {
  /** In lower case; empty where nothing is searched. */
  text: string
  /** Whether the path of a file has the text. */
  isMatch(file: number): boolean
  /** The files of a process that match. */
  filesOf(process: ProcessData): readonly number[]
  /** Whether a process is called so, or has such a file. */
  has(process: ProcessData): boolean
  /** In words. */
  summary: string
}

let lowered: readonly string[] | null = null

/** Finds a text in all paths and in all names of processes. */
export function find(given: string): Found {
  const text = given.trim().toLowerCase()
  if (text === '') return NOTHING
  lowered ??= paths.map((path) => path.toLowerCase())
  const matches = Uint8Array.from(lowered, (path) => Number(path.includes(text)))
  const isMatch = (file: number) => matches[file] === 1
  const found = new Map<ProcessData, readonly number[]>()
  let mappings = 0
  for (const process of data.processes) {
    const files = process.mapped.filter(isMatch)
    mappings += files.length
    if (files.length > 0 || wordsOf(process).includes(text)) found.set(process, [...new Set(files)])
  }
  return {
    text,
    isMatch,
    filesOf: (process) => found.get(process) ?? [],
    has: (process) => found.has(process),
    summary: summaryOf(mappings, pathsOf(matches), countOf([...found.keys()])),
  }
}

const NOTHING: Found = { text: '', isMatch: () => false, filesOf: () => [], has: () => true, summary: '' }

/** @example summaryOf(24, 2, 8) // '24 mappings of 2 paths in 8 processes' */
function summaryOf(mappings: number, files: number, processes: number): string {
  if (mappings === 0 && processes > 0) return processesText(processes)
  const text = `${countText(mappings, 'mapping')} of ${countText(files, 'path')}`
  return data.processes.length > 1 ? `${text} in ${processesText(processes)}` : text
}

function wordsOf({ name, about, pids }: ProcessData): string {
  return `${name}\n${about}\n${pids.join('\n')}`.toLowerCase()
}

/** Files with one path stand beside each other. */
function pathsOf(matches: Uint8Array): number {
  return matches.reduce(
    (sum, match, file) => sum + (match === 1 && paths[file] !== paths[file - 1] ? 1 : 0),
    0,
  )
}

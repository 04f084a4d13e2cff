/** Which records `--container`, `--stale` and `--code` choose, and what is said of those that cannot be told. */
import test from 'ava'
import { Selection, selected, selecting, type Wishes } from '../../src/cli/selection.js'
import { InputError } from '../../src/errors.js'
import type { Filter } from '../../src/lines/filter.js'
import type { RawVma } from '../../src/proc/map-files.js'
import type { Vma } from '../../src/vma/record.js'
import { read } from '../helpers/facts.js'
import { lines } from '../helpers/run.js'

/** Records of a sample: of one file, but for what is told of each. */
const [first = ''] = lines(read('samples/leaky-01-docker/expected/vma.ndjson'))
const sample = JSON.parse(first) as Vma
const vma = (more: Partial<Vma>): Vma => ({
  ...sample,
  state: 'current',
  perms: 'r-xp',
  container: 'c1',
  ...more,
})
const file = (ino: string): Pick<Vma, 'kernel'> => ({ kernel: { ...sample.kernel, maps_ino: ino } })
const { state: _, ...raw } = vma({})

const all: Wishes = { stale: false, code: false }

/** The places of the records that are chosen, and what is said of the others. */
function told(
  wishes: Partial<Wishes>,
  records: (RawVma | Vma)[],
): { chosen: number[]; notes: string[]; count: number } {
  const selection = new Selection({ ...all, ...wishes })
  const chosen = [...records.flatMap((record) => selection.take(record)), ...selection.end()]
  return {
    chosen: chosen.map((record) => records.indexOf(record)),
    notes: selection.notes(),
    count: selection.chosen,
  }
}

test('all are chosen where nothing is asked for', (t) => {
  const records = [vma({}), vma({ state: null, container: null }), raw]
  t.deepEqual(told({}, records), { chosen: [0, 1, 2], notes: [], count: 3 })
})

test('--container: those of the one whose id begins so', (t) => {
  const records = [
    vma({ container: '1f0' }),
    vma({ container: '01f' }),
    vma({ container: null }),
    vma({ container: '1f' }),
  ]
  t.deepEqual(told({ container: '1f' }, records), { chosen: [0, 3], notes: [], count: 2 })
})

test('--stale: those that are known to be, and the files of which it is not known are counted', (t) => {
  const records = [vma({ state: 'replaced' }), vma({}), vma({ state: null }), vma({ state: null }), raw]
  t.deepEqual(told({ stale: true }, records), {
    chosen: [0],
    notes: ['nothing is known of 1 file: the state is null'],
    count: 1,
  })
  t.deepEqual(told({ stale: true }, [vma({ state: null }), vma({ state: null, ...file('7') })]).notes, [
    'nothing is known of 2 files: the state is null',
  ])
})

test('so many files are counted, and no more', (t) => {
  const many = (count: number) =>
    told(
      { stale: true },
      Array.from({ length: count }, (_, i) => vma({ state: null, ...file(`${i}`) })),
    )
  t.deepEqual(many(9_999).notes, ['nothing is known of 9999 files: the state is null'])
  t.deepEqual(many(10_001).notes, ['nothing is known of 10000 files or more: the state is null'])
})

test('--code: the records of files of which the process maps code, after its last one', (t) => {
  const data = { perms: 'rw-p' }
  const records = [
    vma({ start: '1' }),
    vma({ start: '2', ...data }),
    vma({ start: '3', ...data, ...file('7') }),
    vma({ pid: 9, start: '1', ...data }),
    vma({ pid: 9, start: '2', ...file('7') }),
  ]
  t.deepEqual(told({ code: true }, records), { chosen: [0, 1, 4], notes: [], count: 3 })
  const selection = new Selection({ ...all, code: true })
  t.deepEqual(
    records.slice(0, 3).flatMap((record) => selection.take(record)),
    [],
  )
  t.deepEqual(selection.end(), records.slice(0, 2))
})

test('--code: what has no perms is no code, and is told, unless it would not be chosen anyway', (t) => {
  const records = [
    vma({ start: '1', perms: null }),
    vma({ start: '2', perms: null, ...file('7'), state: 'replaced' }),
    vma({ start: '3' }),
  ]
  const note = (files: string) => `nothing tells whether ${files} hold code: their entries have no perms`
  t.deepEqual(told({ code: true }, records), { chosen: [2], notes: [note('2 files')], count: 1 })
  t.deepEqual(told({ code: true, stale: true }, records), { chosen: [], notes: [note('1 file')], count: 0 })
})

test('--code and --stale: the stale files of which the process maps code', (t) => {
  const records = [
    vma({ start: '1', state: 'replaced' }),
    vma({ start: '2', state: 'replaced', perms: 'rw-p', ...file('7') }),
    vma({ start: '3', state: null, ...file('8') }),
    vma({ start: '4', perms: 'rw-p', state: 'deleted' }),
  ]
  t.deepEqual(told({ code: true, stale: true }, records), {
    chosen: [0, 3],
    notes: ['nothing is known of 1 file: the state is null'],
    count: 2,
  })
})

test('more records of a process than are held are a message, or an error where nobody takes it', (t) => {
  const records = ['1', '2', '3'].map((start) => vma({ start, ...file(start) }))
  const warnings: InputError[] = []
  const selection = new Selection({ ...all, code: true }, 2)
  for (const record of records) selection.take(record, (warning) => warnings.push(warning))
  t.true(warnings.length > 0)
  const strict = new Selection({ ...all, code: true }, 2)
  t.throws(() => records.map((record) => strict.take(record)), { instanceOf: InputError })
})

test('null stands after each process, and lets go of what was held', (t) => {
  const [one, two] = [vma({ start: '1' }), vma({ pid: 9, start: '2' })]
  const selection = new Selection({ ...all, code: true })
  t.deepEqual([...selected([one, null, two, null, null], selection)], [one, null, two, null, null])
})

test('a filter gives what is chosen of what another gives, at its end and of lines that are too long, too', (t) => {
  const records = ['1', '2', '3'].map((start) => vma({ start, ...file(start) }))
  const [one, two, three] = records as [Vma, Vma, Vma]
  const inner: Filter<Vma> = {
    line: (_line, emit, warn) => {
      emit(one)
      warn(new InputError('odd'))
    },
    tooLong: (emit) => emit(two),
    end: (emit) => emit(three),
  }
  const said = (wishes: Partial<Wishes>, filter: Filter<Vma>) => {
    const [emitted, warned]: [unknown[], string[]] = [[], []]
    const emit = (record: unknown) => emitted.push(record)
    const warn = ({ message }: InputError) => warned.push(message)
    const chosen = selecting(filter, new Selection({ ...all, ...wishes }))
    chosen.line({ text: '', number: 1 }, emit, warn)
    chosen.tooLong?.(emit, warn)
    chosen.end?.(emit, warn)
    return { emitted, warned }
  }
  t.deepEqual(said({}, inner), { emitted: records, warned: ['odd'] })
  t.deepEqual(said({ code: true }, inner), { emitted: records, warned: ['odd'] })
  t.deepEqual(said({ code: true }, { line: inner.line }), { emitted: [one], warned: ['odd'] })
})

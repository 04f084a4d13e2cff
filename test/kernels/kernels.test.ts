/** The cases of overlayfs on this machine's kernel, which takes root, and on others, which takes QEMU. */
import { release } from 'node:os'
import test, { type ExecutionContext } from 'ava'
import { skip } from '../helpers/machine.js'
import { BOOT_LIMIT_MINUTES } from './boot.js'
import { type Case, expectedOn, failureOn, isPossibleOn, toldRows, type Version } from './case.js'
import { cases } from './cases.js'
import { type LookName, playHere, playOn, type Stage } from './play.js'
import { Unavailable } from './programs.js'

/** A kernel, and what comes of the cases on it. */
interface Kernel {
  label: string
  version: Version
  /** Why a case cannot be on it; null where it can. */
  hindrance(one: Case): string | null
  /** Plays the cases, the first time. */
  stage(): Promise<Stage>
}

const here = kernel('This machine', release(), false, playHere)
const linux61 = guest('6.1')
const linux612 = guest('6.12')

/** One guest at a time is enough, beside the other tests. */
let lastGuest: Promise<unknown> = Promise.resolve()

function guest(series: string): Kernel {
  return kernel(`Linux ${series}`, series, true, (possible) => {
    const stage = lastGuest.then(() => playOn(series, possible))
    lastGuest = stage.catch(() => {})
    return stage
  })
}

function kernel(
  label: string,
  release: string,
  isGuest: boolean,
  play: (possible: Case[]) => Promise<Stage>,
): Kernel {
  const [major = 0, minor = 0] = release.split('.').map((part) => Number.parseInt(part, 10))
  const version: Version = [major, minor]
  const hindrance = (one: Case) => {
    if (one.movesClock && !isGuest) return 'it moves the clock, which is for guests alone'
    return isPossibleOn(version, one) ? null : `it takes Linux ${one.since?.join('.')}`
  }
  let played: Promise<Stage> | undefined
  const stage = () => (played ??= play(cases.filter((one) => hindrance(one) === null)))
  return { label, version, hindrance, stage }
}

/** The stage; null where this machine cannot have it, which ends the test. */
async function stageOf(t: ExecutionContext, kernel: Kernel): Promise<Stage | null> {
  // All tests wait for the same boots, one after the other.
  t.timeout(2 * (BOOT_LIMIT_MINUTES + 10) * 60_000)
  try {
    return await kernel.stage()
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    skip(t, error.message)
    return null
  }
}

for (const kernel of [here, linux61, linux612]) {
  const { label, version } = kernel

  test(`${label}: all cases come about, and aufs-vma reads their processes without a word`, async (t) => {
    const stage = await stageOf(t, kernel)
    if (stage === null) return
    t.log(stage.release)
    const silent = { status: 0, stderr: '' }
    for (const [title, { status, stderr }] of stage.scripts) t.deepEqual({ status, stderr }, silent, title)
    for (const [name, { status, stderr }] of stage.looks) t.deepEqual({ status, stderr }, silent, name)
    t.is(stage.looks.has('moved'), kernel !== here)
  })

  for (const one of cases) {
    const title = `${label}: ${one.title}`
    const hindrance = kernel.hindrance(one)
    if (hindrance !== null) test(title, (t) => skip(t, hindrance))
    else
      checked(title, failureOn(version, one), kernel, (t, { looks }) => {
        t.deepEqual(looks.get('alone')?.rows.get(one.title), expectedOn(version, one))
      })
  }

  test(`${label}: the bytes contradict neither the BPF iterator nor what was done`, async (t) => {
    const stage = await stageOf(t, kernel)
    if (stage === null) return
    const rowsOf = (name: LookName, { title }: Case) => stage.looks.get(name)?.rows.get(title) ?? []
    let decided = 0
    for (const one of cases) {
      if (kernel.hindrance(one) !== null || failureOn(version, one) !== null) continue
      const [done, alone] = [toldRows(one), rowsOf('alone', one)]
      t.is(rowsOf('compared', one).length, alone.length, one.title)
      for (const [i, row] of rowsOf('compared', one).entries()) {
        // What is not known is no contradiction.
        const known = row.map((each, column) => each ?? done[i]?.[column])
        t.deepEqual(known, done[i], one.title)
        if (row[1] !== null && alone[i]?.[1] === null) decided += 1
      }
    }
    // Before Linux 6.8 maps leaves them nothing to decide.
    t.true(decided > 0 || kernel === linux61)
    t.log(`${decided} states by the bytes`)
  })

  test(`${label}: where the BPF iterator tells what is really mapped, all that is so is known`, async (t) => {
    const stage = await stageOf(t, kernel)
    if (stage === null) return
    const look = stage.looks.get('told')
    if (look === undefined) return skip(t, 'it takes clang, libbpf’s headers, bpftool, and a kernel with BTF')
    for (const one of cases.filter((each) => kernel.hindrance(each) === null))
      t.deepEqual(look.rows.get(one.title), toldRows(one), one.title)
  })
}

for (const kernel of [linux61, linux612]) {
  checked(`${kernel.label}: a clock that is moved changes nothing`, null, kernel, (t, { looks }) => {
    t.deepEqual(looks.get('moved')?.rows, looks.get('alone')?.rows)
  })
}

/** A test of what came of the cases, which fails for now where a reason for that is known. */
function checked(
  title: string,
  failure: string | null,
  kernel: Kernel,
  check: (t: ExecutionContext, stage: Stage) => void,
): void {
  const declare = failure === null ? test : test.failing
  declare(title, async (t) => {
    const stage = await stageOf(t, kernel)
    if (failure !== null) t.log(`known: ${failure}`)
    if (stage !== null) check(t, stage)
    // What is passed over, and is to fail, may not pass.
    else if (failure !== null) t.fail()
  })
}

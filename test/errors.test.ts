import { openSync, readFileSync } from 'node:fs'
import test from 'ava'
import { errorCode, hasCode, InputError, reasonAndCure, systemReason, throwIt } from '../src/errors.js'

test('an error of the input says what is wrong and shows the start of the text, safely', (t) => {
  const error = new InputError('too few fields (5)', '29 21 0:17 / /\x1b[31m')
  t.is(error.message, 'too few fields (5): "29 21 0:17 / /\\u001b[31m"')
  t.is(error.reason, 'too few fields (5)')
  t.is(error.text, '29 21 0:17 / /\x1b[31m')
  t.is(error.name, 'InputError')
  t.is(error.line, null)
  t.true(error instanceof Error)
})

test('an error of the input need not show a text', (t) => {
  const error = new InputError('missing')
  t.deepEqual([error.message, error.reason, error.text], ['missing', 'missing', null])
  t.is(new InputError('empty', '').message, 'empty: ""')
})

test('a long text is cut in the message and whole in the error', (t) => {
  const error = new InputError('no branch', 'x'.repeat(5000))
  t.true(error.message.length < 100)
  t.is(error.text?.length, 5000)
})

test('where nobody listens an error is thrown', (t) => {
  const error = new InputError('x')
  t.is(
    t.throws(() => throwIt(error)),
    error,
  )
})

function failing(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error
  }
}

test('a system error has a code, and words that the system has for it', (t) => {
  const missing = failing(() => openSync('/nowhere/at/all', 'r'))
  t.is(errorCode(missing), 'ENOENT')
  t.true(hasCode(missing, 'EACCES', 'ENOENT'))
  t.false(hasCode(missing, 'EACCES'))
  t.is(systemReason(missing), 'no such file or directory (ENOENT)')
  const folder = failing(() => readFileSync('/'))
  t.is(systemReason(folder), 'illegal operation on a directory (EISDIR)')
})

test('what a privilege cures says which, and how to get it', (t) => {
  const failed = (code: string) => Object.assign(new Error(`it failed (${code})`), { code })
  const how = process.geteuid?.() === 0 ? 'it takes CAP_SYS_PTRACE' : 'try sudo (CAP_SYS_PTRACE)'
  for (const code of ['EACCES', 'EPERM'])
    t.is(reasonAndCure(failed(code), 'CAP_SYS_PTRACE'), `it failed (${code}); ${how}`)
  t.is(reasonAndCure(failed('EIO'), 'CAP_SYS_PTRACE'), 'it failed (EIO)')
})

test('what is no system error has no code, and its own words', (t) => {
  t.is(errorCode(new Error('plain')), null)
  t.is(errorCode('text'), null)
  t.is(errorCode(null), null)
  t.is(errorCode(Object.assign(new Error('x'), { code: 5 })), null)
  t.false(hasCode(new Error('plain'), 'ENOENT'))
  t.is(systemReason(new Error('plain')), 'plain')
  t.is(systemReason('text'), 'text')
})

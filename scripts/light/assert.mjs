// What yargs asserts with; to load Node's own takes longer than to parse a command line.
export function strictEqual(actual, expected, message) {
  if (!Object.is(actual, expected)) throw new Error(message)
}

export function notStrictEqual(actual, expected, message) {
  if (Object.is(actual, expected)) throw new Error(message)
}

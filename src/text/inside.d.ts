/** Inside of this package any string can be given for a byte string (docs/decisions/byte-strings.md). Not published. */
declare module './byte-string.js' {
  interface Strictness {
    any: true
  }
}

export {}

/** The octal escapes of /proc, sysfs and CRIU's logs. */
import type { ByteString } from './byte-string.js'

/**
 * Decodes the escapes of `seq_path()` and `mangle_path()`: a backslash and three octal digits are a byte.
 * Anything else after a backslash stays as it is, as the kernel never writes it. `\000` stays too, as no name holds a NUL.
 *
 * @example decodeOctal(bytesOf('/sp\\040ace')) // '/sp ace'
 */
export function decodeOctal(escaped: ByteString): ByteString {
  if (!escaped.includes('\\')) return escaped
  return escaped.replace(/\\(?!000)([0-3][0-7]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
}

/**
 * Encodes a path as aufs does in br<N> and xi_path. CRIU logs it in this form. Escaped are bytes 0x01 to 0x20, backslash and
 * 0x7f (aufs's `au_esc_chars` in sysaufs.c, the same set in every version).
 *
 * @example encodeOctal(bytesOf('/sp ace')) // '/sp\\040ace'
 */
export function encodeOctal(bytes: ByteString): ByteString {
  return bytes.replace(/[\x01-\x20\\\x7f]/g, octal)
}

function octal(byte: string): string {
  return `\\${byte.charCodeAt(0).toString(8).padStart(3, '0')}`
}

import test from 'ava'
import fc from 'fast-check'
import { bytesOf, textOf } from '../../src/text/byte-string.js'

test('bytes become text and text becomes bytes', (t) => {
  t.is(bytesOf('é日'), '\xc3\xa9\xe6\x97\xa5')
  t.is(textOf('\xc3\xa9\xe6\x97\xa5'), 'é日')
  t.is(bytesOf('/plain\0\x7f'), '/plain\0\x7f')
  t.is(textOf('/plain\0\x7f'), '/plain\0\x7f')
  t.is(textOf('/bad\xffbyte'), '/bad\ufffdbyte')
})

test('the bytes of a Buffer are a character each, whatever they mean as text', (t) => {
  const bytes = Buffer.of(0x2f, 0xff, 0xc3, 0xa9)
  t.is(bytesOf(bytes), '/\xff\xc3\xa9')
  t.is(bytesOf(new Uint8Array(bytes.buffer, bytes.byteOffset + 2, 2)), bytesOf('é'))
})

test('any well-formed text survives as bytes', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const bytes = bytesOf(text)
      return textOf(bytes) === text && [...bytes].every((byte) => byte <= '\xff')
    }),
  )
  t.pass()
})

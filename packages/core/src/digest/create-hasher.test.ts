import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { createHasher } from './create-hasher.ts'

/** The check values of the catalogue of CRCs, over "123456789". */
test.each([
  ['crc32', 'cbf43926'],
  ['crc32c', 'e3069283'],
  ['crc64nvme', 'ae8b14860a799888'],
  ['md5', '25f9e794323b453885f5181f1b624d0b'],
  ['sha1', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441'],
] as const)('%s', (name, expected) => {
  const hasher = createHasher(name)
  hasher.update(Buffer.from('1234'))
  hasher.update(Buffer.from('56789'))
  expect(hasher.digest().toString('hex')).toBe(expected)
})

/** Bit by bit, as the definition has it. */
function slowCrc(polynomial: bigint, width: number, bytes: Uint8Array): string {
  const ones = (1n << BigInt(width)) - 1n
  let crc = ones
  for (const byte of bytes) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ polynomial : crc >> 1n
  }
  return (crc ^ ones).toString(16).padStart(width / 4, '0')
}

test.each([
  ['crc32c', 0x82f63b78n, 32],
  ['crc64nvme', 0x9a6c9329ac4bc9b5n, 64],
] as const)('%s in pieces of any length and alignment', (name, polynomial, width) => {
  const bytes = randomBytes(3000)
  for (const step of [1, 3, 7, 8, 9, 64, 1001, 3000]) {
    const hasher = createHasher(name)
    for (let at = 0; at < bytes.length; at += step) hasher.update(bytes.subarray(at, at + step))
    expect(hasher.digest().toString('hex')).toBe(slowCrc(polynomial, width, bytes))
  }
})

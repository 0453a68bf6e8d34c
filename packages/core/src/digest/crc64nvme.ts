import type { Hasher } from './hasher.ts'

/** The polynomial of the NVM Express specification, reflected, in two halves. */
const POLYNOMIAL_HIGH = 0x9a6c9329
const POLYNOMIAL_LOW = 0xac4bc9b5

/**
 * Eight tables of 256 entries, each a low and a high half side by side: JavaScript has no fast 64-bit integers,
 * and two lookups in one cache line cost little more than one.
 */
const TABLES = makeTables()

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256 * 2)
  for (let byte = 0; byte < 256; byte++) {
    let low = byte
    let high = 0
    for (let bit = 0; bit < 8; bit++) {
      const carry = low & 1
      low = (low >>> 1) | (high << 31)
      high >>>= 1
      if (carry) {
        low ^= POLYNOMIAL_LOW
        high ^= POLYNOMIAL_HIGH
      }
    }
    tables[byte * 2] = low
    tables[byte * 2 + 1] = high
  }
  for (let i = 512; i < tables.length; i += 2) {
    const low = at(tables, i - 512)
    const high = at(tables, i - 511)
    const entry = (low & 0xff) * 2
    tables[i] = at(tables, entry) ^ ((low >>> 8) | (high << 24))
    tables[i + 1] = at(tables, entry + 1) ^ (high >>> 8)
  }
  return tables
}

function at(table: Int32Array, i: number): number {
  return table[i] as number
}

export class Crc64Nvme implements Hasher {
  #low = -1
  #high = -1

  update(bytes: Uint8Array): void {
    const t = TABLES
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const whole = bytes.length & ~7
    let low = this.#low
    let high = this.#high
    let i = 0
    for (; i < whole; i += 8) {
      low ^= view.getInt32(i, true)
      high ^= view.getInt32(i + 4, true)
      const a = 3584 + ((low & 0xff) << 1)
      const b = 3072 + ((low >>> 7) & 0x1fe)
      const c = 2560 + ((low >>> 15) & 0x1fe)
      const d = 2048 + ((low >>> 23) & 0x1fe)
      const e = 1536 + ((high & 0xff) << 1)
      const f = 1024 + ((high >>> 7) & 0x1fe)
      const g = 512 + ((high >>> 15) & 0x1fe)
      const h = (high >>> 23) & 0x1fe
      low = at(t, a) ^ at(t, b) ^ at(t, c) ^ at(t, d) ^ at(t, e) ^ at(t, f) ^ at(t, g) ^ at(t, h)
      high =
        at(t, a + 1) ^
        at(t, b + 1) ^
        at(t, c + 1) ^
        at(t, d + 1) ^
        at(t, e + 1) ^
        at(t, f + 1) ^
        at(t, g + 1) ^
        at(t, h + 1)
    }
    for (; i < bytes.length; i++) {
      const entry = ((low ^ (bytes[i] as number)) & 0xff) * 2
      low = at(t, entry) ^ ((low >>> 8) | (high << 24))
      high = at(t, entry + 1) ^ (high >>> 8)
    }
    this.#low = low
    this.#high = high
  }

  digest(): Buffer {
    const out = Buffer.allocUnsafe(8)
    out.writeInt32BE(~this.#high, 0)
    out.writeInt32BE(~this.#low, 4)
    return out
  }
}

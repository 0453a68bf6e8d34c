import type { Hasher } from './hasher.ts'

/** Castagnoli's polynomial, reflected. */
const POLYNOMIAL = 0x82f63b78

/** Eight tables of 256, one after the other: eight bytes a step, which is some six times as fast as one. */
const TABLES = makeTables()

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    tables[byte] = crc
  }
  for (let i = 256; i < tables.length; i++) {
    const previous = at(tables, i - 256)
    tables[i] = at(tables, previous & 0xff) ^ (previous >>> 8)
  }
  return tables
}

function at(table: Int32Array, i: number): number {
  return table[i] as number
}

export class Crc32c implements Hasher {
  #crc = -1

  update(bytes: Uint8Array): void {
    const t = TABLES
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const whole = bytes.length & ~7
    let crc = this.#crc
    let i = 0
    for (; i < whole; i += 8) {
      const low = crc ^ view.getInt32(i, true)
      const high = view.getInt32(i + 4, true)
      crc =
        at(t, 1792 + (low & 0xff)) ^
        at(t, 1536 + ((low >>> 8) & 0xff)) ^
        at(t, 1280 + ((low >>> 16) & 0xff)) ^
        at(t, 1024 + (low >>> 24)) ^
        at(t, 768 + (high & 0xff)) ^
        at(t, 512 + ((high >>> 8) & 0xff)) ^
        at(t, 256 + ((high >>> 16) & 0xff)) ^
        at(t, high >>> 24)
    }
    for (; i < bytes.length; i++) crc = at(t, (crc ^ (bytes[i] as number)) & 0xff) ^ (crc >>> 8)
    this.#crc = crc
  }

  digest(): Buffer {
    const out = Buffer.allocUnsafe(4)
    out.writeInt32BE(~this.#crc, 0)
    return out
  }
}

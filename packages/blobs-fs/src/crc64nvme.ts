/** The polynomial of CRC-64/NVME, reflected. */
const polynomial = 0x9a6c9329ac4bc9b5n
const mask = 0xffffffffffffffffn

/** 8 × 256 entries, low and high halves apart: BigInts would be a hundred times slower. */
const { low: lows, high: highs } = makeTables()

/** A running CRC-64/NVME: two 32-bit halves, eight bytes a step. */
export class Crc64Nvme {
  #low = ~0
  #high = ~0

  update(bytes: Uint8Array): void {
    let low = this.#low
    let high = this.#high
    let i = 0
    for (const end = bytes.length - 7; i < end; i += 8) {
      const a =
        low ^
        ((bytes[i] as number) |
          ((bytes[i + 1] as number) << 8) |
          ((bytes[i + 2] as number) << 16) |
          ((bytes[i + 3] as number) << 24))
      const b =
        high ^
        ((bytes[i + 4] as number) |
          ((bytes[i + 5] as number) << 8) |
          ((bytes[i + 6] as number) << 16) |
          ((bytes[i + 7] as number) << 24))
      const i7 = 0x700 | (a & 0xff)
      const i6 = 0x600 | ((a >>> 8) & 0xff)
      const i5 = 0x500 | ((a >>> 16) & 0xff)
      const i4 = 0x400 | (a >>> 24)
      const i3 = 0x300 | (b & 0xff)
      const i2 = 0x200 | ((b >>> 8) & 0xff)
      const i1 = 0x100 | ((b >>> 16) & 0xff)
      const i0 = b >>> 24
      low = fold(lows, i0, i1, i2, i3, i4, i5, i6, i7)
      high = fold(highs, i0, i1, i2, i3, i4, i5, i6, i7)
    }
    for (; i < bytes.length; i++) {
      const index = (low ^ (bytes[i] as number)) & 0xff
      low = ((low >>> 8) | (high << 24)) ^ (lows[index] as number)
      high = (high >>> 8) ^ (highs[index] as number)
    }
    this.#low = low
    this.#high = high
  }

  /** Big-endian. */
  digest(): Buffer {
    const digest = Buffer.alloc(8)
    digest.writeInt32BE(~this.#high, 0)
    digest.writeInt32BE(~this.#low, 4)
    return digest
  }
}

function fold(
  table: Int32Array,
  i0: number,
  i1: number,
  i2: number,
  i3: number,
  i4: number,
  i5: number,
  i6: number,
  i7: number,
): number {
  return (
    (table[i0] as number) ^
    (table[i1] as number) ^
    (table[i2] as number) ^
    (table[i3] as number) ^
    (table[i4] as number) ^
    (table[i5] as number) ^
    (table[i6] as number) ^
    (table[i7] as number)
  )
}

function makeTables(): { readonly low: Int32Array; readonly high: Int32Array } {
  const first = Array.from({ length: 256 }, (_, byte) => {
    let value = BigInt(byte)
    for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ polynomial : value >> 1n
    return value
  })
  const all = [...first]
  for (let i = 256; i < 8 * 256; i++) {
    const before = all[i - 256] as bigint
    all.push(((first[Number(before & 0xffn)] as bigint) ^ (before >> 8n)) & mask)
  }
  return {
    low: Int32Array.from(all, (value) => Number(BigInt.asIntN(32, value))),
    high: Int32Array.from(all, (value) => Number(BigInt.asIntN(32, value >> 32n))),
  }
}

const polynomial = 0x82f63b78
const tables = makeTables()

/** CRC-32C (Castagnoli, reflected), eight bytes a step. `crc` is the value of what came before, 0 at first. */
export function crc32c(bytes: Uint8Array, crc = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables
  const at = (table: Int32Array, index: number): number => table[index & 0xff] as number
  let value = ~crc
  let i = 0
  for (const end = bytes.length - 7; i < end; i += 8) {
    const low =
      value ^
      ((bytes[i] as number) |
        ((bytes[i + 1] as number) << 8) |
        ((bytes[i + 2] as number) << 16) |
        ((bytes[i + 3] as number) << 24))
    value =
      at(t7, low) ^
      at(t6, low >>> 8) ^
      at(t5, low >>> 16) ^
      at(t4, low >>> 24) ^
      at(t3, bytes[i + 4] as number) ^
      at(t2, bytes[i + 5] as number) ^
      at(t1, bytes[i + 6] as number) ^
      at(t0, bytes[i + 7] as number)
  }
  for (; i < bytes.length; i++) value = at(t0, value ^ (bytes[i] as number)) ^ (value >>> 8)
  return ~value >>> 0
}

type Tables = readonly [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array]

function makeTables(): Tables {
  const first = new Int32Array(256).map((_, byte) => {
    let value = byte
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1
    return value
  })
  const next = (table: Int32Array): Int32Array => table.map((value) => (first[value & 0xff] as number) ^ (value >>> 8))
  const t1 = next(first)
  const t2 = next(t1)
  const t3 = next(t2)
  const t4 = next(t3)
  const t5 = next(t4)
  const t6 = next(t5)
  return [first, t1, t2, t3, t4, t5, t6, next(t6)]
}

/**
 * Compares as the bytes of the UTF-8 forms would: by code point. `<` on strings compares UTF-16 units, which puts
 * U+10000 and above before U+E000–U+FFFF.
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const unitA = a.charCodeAt(i)
    const unitB = b.charCodeAt(i)
    if (unitA !== unitB) {
      const surrogateA = unitA >= 0xd800 && unitA <= 0xdfff
      const surrogateB = unitB >= 0xd800 && unitB <= 0xdfff
      if (surrogateA !== surrogateB) return surrogateA ? 1 : -1
      return unitA - unitB
    }
  }
  return a.length - b.length
}

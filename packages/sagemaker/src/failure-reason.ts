/** Length of FailureReason in the API's model, in UTF-16 units. */
export const REASON_CHARACTERS = 1_024

/** The beginning of a text in at most `room` units, never with half a character at its end. */
export function beginning(text: string, room: number): string {
  const cut = text.slice(0, Math.max(0, room))
  return cut.isWellFormed() || !text.isWellFormed() ? cut : cut.slice(0, -1)
}

/** The last lines in at most `room` units: whole ones, or the end of the last where even that does not fit. */
export function lastWhole(lines: readonly string[], room: number): string {
  let text = lines.at(-1) ?? ''
  if (text.length > room) {
    const cut = room > 0 ? text.slice(-room) : ''
    return cut.isWellFormed() || !text.isWellFormed() ? cut : cut.slice(1)
  }
  for (const line of lines.slice(0, -1).reverse()) {
    if (line.length + 1 + text.length > room) break
    text = `${line}\n${text}`
  }
  return text
}

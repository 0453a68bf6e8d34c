/**
 * Names the first of a member's texts that has a NUL, and the way out. A command and an environment end each of their
 * texts with one: a program that is given it does not start, and nothing says why.
 */
export function nulRefusal(
  member: string,
  texts: Readonly<Record<string, string>> | readonly string[] | undefined,
): string | undefined {
  const found = Object.entries(texts ?? {}).find(([name, text]) => `${name}${text}`.includes('\0'))
  if (!found) return undefined
  const place = Array.isArray(texts) ? found[0] : JSON.stringify(found[0])
  return `${member}[${place}] has a NUL character, which no command argument or environment variable can hold: leave it out, or encode the text.`
}

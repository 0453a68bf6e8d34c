const NAMED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** For text and attribute values. Control characters become references: raw, a parser would drop or refuse them. */
export function escapeXml(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[&<>"\u0000-\u0009\u000b-\u001f\u0085\u2028]/g, (c) => {
    return NAMED[c] ?? `&#x${c.charCodeAt(0).toString(16).toUpperCase()};`
  })
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** The five entities of XML and character references; undefined where there is any other. */
export function unescapeXml(text: string): string | undefined {
  if (!text.includes('&')) return text
  let bad = false
  const out = text.replace(/&([^;&]{0,10});?/g, (whole, name: string) => {
    const plain = whole.endsWith(';') && Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined
    if (plain !== undefined) return plain
    const code = whole.endsWith(';') ? characterCode(name) : Number.NaN
    if (code >= 0 && code <= 0x10ffff) return String.fromCodePoint(code)
    bad = true
    return ''
  })
  return bad ? undefined : out
}

function characterCode(name: string): number {
  if (/^#x[0-9a-fA-F]{1,6}$/.test(name)) return Number.parseInt(name.slice(2), 16)
  return /^#\d{1,7}$/.test(name) ? Number(name.slice(1)) : Number.NaN
}

import { createRequire } from 'node:module'
import { unescapeXml } from './escape.ts'

// Required: its one file for that loads in a tenth of the time of the forty that an import takes.
const { XMLParser, XMLValidator }: typeof import('fast-xml-parser') = createRequire(import.meta.url)('fast-xml-parser')

/** An element without its namespace's prefix. */
export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly XmlElement[]
  /** All text directly inside. */
  readonly text: string
}

export class XmlProblem extends Error {
  override readonly name = 'XmlProblem'
}

/** Deeper than any modelled request, and far from the depth that would exhaust the stack. */
const MAX_DEPTH = 50

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  removeNSPrefix: true,
  processEntities: false,
})

/** The root element. Throws `XmlProblem` for what is not well-formed, and for any document type: there are no entities to expand. */
export function parseXml(bytes: Uint8Array): XmlElement {
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch (cause) {
    throw new XmlProblem('it is not UTF-8', { cause })
  }
  if (/<!(?!--|\[CDATA\[)/.test(text)) throw new XmlProblem('document type declarations are not allowed')
  const verdict = XMLValidator.validate(text)
  if (verdict !== true) throw new XmlProblem(`${verdict.err.msg} (line ${verdict.err.line})`)
  const roots = readChildren(parser.parse(text), 0)
  const root = roots.children[0]
  if (!root || roots.children.length > 1) throw new XmlProblem('it has no single root element')
  return root
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** fast-xml-parser's ordered form: `[{ Name: […children], ':@': { attribute: value } }, { '#text': '…' }]`. */
function readChildren(nodes: unknown, depth: number): { children: XmlElement[]; text: string } {
  if (depth > MAX_DEPTH) throw new XmlProblem(`it is nested deeper than ${MAX_DEPTH} elements`)
  const children: XmlElement[] = []
  let text = ''
  if (!Array.isArray(nodes)) return { children, text }
  for (const node of nodes as Record<string, unknown>[]) {
    if ('#text' in node) {
      text += plain(String(node['#text']))
      continue
    }
    const name = Object.keys(node).find((key) => key !== ':@')
    if (name === undefined) continue
    children.push({ name, attributes: readAttributes(node[':@']), ...readChildren(node[name], depth + 1) })
  }
  return { children, text }
}

function readAttributes(value: unknown): Record<string, string> {
  const attributes: Record<string, string> = {}
  for (const [name, text] of Object.entries((value ?? {}) as Record<string, unknown>)) {
    attributes[name] = plain(String(text))
  }
  return attributes
}

function plain(text: string): string {
  const out = unescapeXml(text)
  if (out === undefined) throw new XmlProblem('it uses an entity that XML does not define')
  return out
}

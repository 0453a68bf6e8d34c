import { malformedXml } from '../rest/malformed-xml.ts'
import { parseXml, type XmlElement, XmlProblem } from '../xml/parse-xml.ts'

/** A form's `tagging` is the XML of PutObjectTagging; PutObject's header is a query. */
export function decodeXmlTags(text: string): string {
  try {
    const set = child(parseXml(Buffer.from(text, 'utf8')), 'TagSet')
    const tags = set?.children.filter(({ name }) => name === 'Tag') ?? []
    const query = new URLSearchParams()
    for (const tag of tags) query.append(child(tag, 'Key')?.text ?? '', child(tag, 'Value')?.text ?? '')
    return query.toString()
  } catch (error) {
    if (error instanceof XmlProblem) throw malformedXml(error.message)
    throw error
  }
}

function child(parent: XmlElement, wanted: string): XmlElement | undefined {
  return parent.children.find(({ name }) => name === wanted)
}

import { type ServiceModel, type StructureShape, shapeOf } from '@sagebrush/contract'
import { formatScalar } from '../wire/scalars.ts'

/** Headers and status of an answer, from the members that travel there. */
export function writeHttpOutput(
  model: ServiceModel,
  shape: StructureShape,
  output: Readonly<Record<string, unknown>>,
): { headers: Record<string, string>; status: number | undefined } {
  const headers: Record<string, string> = {}
  let status: number | undefined
  for (const name in shape.members) {
    const member = shape.members[name]
    const value = output[name]
    if (!member?.location || value === undefined || value === null) continue
    const wireName = member.locationName ?? name
    const memberShape = shapeOf(model, member.shape)
    if (member.location === 'statusCode') status = Number(value)
    else if (member.location === 'headers') {
      for (const [key, text] of Object.entries(value)) headers[`${wireName}${key}`] = headerText(String(text))
    } else if (memberShape.type === 'list') {
      headers[wireName] = headerText(Array.from(value as Iterable<unknown>, String).join(','))
    } else headers[wireName] = headerText(formatScalar(memberShape, member, value, 'rfc822'))
  }
  return { headers, status }
}

/** As UTF-8 bytes, one character each. Line ends, which no header may have, become spaces. */
function headerText(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const safe = /[\u0000-\u0008\u000a-\u001f\u007f]/.test(text) ? text.replace(/[\u0000-\u001f\u007f]/g, ' ') : text
  return Buffer.from(safe, 'utf8').toString('latin1')
}

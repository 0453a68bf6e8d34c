import { type MemberModel, type ServiceModel, type StructureShape, shapeOf } from '@sagebrush/contract'
import { parseScalar } from '../wire/scalars.ts'
import { type XmlElement, XmlProblem } from './parse-xml.ts'

/** An element as its structure has it. Elements that the structure does not have are passed over. Throws `XmlProblem`. */
export function decodeXmlStructure(model: ServiceModel, shape: StructureShape, element: XmlElement) {
  const out: Record<string, unknown> = {}
  for (const name in shape.members) {
    const member = shape.members[name]
    if (!member || member.location) continue
    if (member.xmlAttribute) {
      const value = element.attributes[withoutPrefix(member.locationName ?? name)]
      if (value !== undefined) out[name] = decodeText(model, member, value, name)
      continue
    }
    const value = decodeMember(model, member, element, xmlName(model, member, name))
    if (value !== undefined) out[name] = value
  }
  return out
}

function decodeMember(model: ServiceModel, member: MemberModel, parent: XmlElement, name: string): unknown {
  const found = parent.children.filter((child) => child.name === name)
  const first = found[0]
  if (!first) return undefined
  const shape = shapeOf(model, member.shape)
  switch (shape.type) {
    case 'structure':
      return decodeXmlStructure(model, shape, first)
    case 'list': {
      const items =
        (member.flattened ?? shape.flattened)
          ? found
          : first.children.filter((child) => child.name === (shape.member.locationName ?? 'member'))
      return items.map((item) => decodeElement(model, shape.member, item))
    }
    case 'map': {
      const entries =
        (member.flattened ?? shape.flattened) ? found : first.children.filter((child) => child.name === 'entry')
      return Object.fromEntries(
        entries.map((entry) => {
          const key = entry.children.find((child) => child.name === (shape.key.locationName ?? 'key'))
          const value = entry.children.find((child) => child.name === (shape.value.locationName ?? 'value'))
          return [key?.text ?? '', value && decodeElement(model, shape.value, value)]
        }),
      )
    }
    default:
      return decodeText(model, member, first.text, name)
  }
}

function decodeElement(model: ServiceModel, member: MemberModel, element: XmlElement): unknown {
  const shape = shapeOf(model, member.shape)
  return shape.type === 'structure'
    ? decodeXmlStructure(model, shape, element)
    : decodeText(model, member, element.text, element.name)
}

function decodeText(model: ServiceModel, member: MemberModel, text: string, name: string): unknown {
  const shape = shapeOf(model, member.shape)
  const value = parseScalar(shape, member, shape.type === 'string' ? text : text.trim(), 'iso8601')
  if (value === undefined) throw new XmlProblem(`${name} is no ${shape.type}: '${text}'`)
  return value
}

/** The name of a member's element: for flattened lists the list's own name of its items, where it has one. */
export function xmlName(model: ServiceModel, member: MemberModel, name: string): string {
  const shape = shapeOf(model, member.shape)
  if (shape.type === 'list' && (member.flattened ?? shape.flattened) && shape.member.locationName) {
    return shape.member.locationName
  }
  return member.locationName ?? name
}

function withoutPrefix(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}

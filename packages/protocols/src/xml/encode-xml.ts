import {
  type MemberModel,
  type ServiceModel,
  type StructureShape,
  shapeOf,
  type XmlNamespace,
} from '@sagebrush/contract'
import { formatScalar } from '../wire/scalars.ts'
import { xmlName } from './decode-xml.ts'
import { escapeXml } from './escape.ts'

/** A structure as one element. Absent members and those that travel outside the body are left out. */
export function encodeXmlStructure(
  model: ServiceModel,
  shape: StructureShape,
  value: Readonly<Record<string, unknown>>,
  name: string,
  namespace?: XmlNamespace,
): string {
  let attributes = xmlns(namespace)
  if (shape.xmlNamespace && shape.xmlNamespace.uri !== namespace?.uri) attributes += xmlns(shape.xmlNamespace)
  let content = ''
  for (const memberName in shape.members) {
    const member = shape.members[memberName]
    const item = value[memberName]
    if (!member || member.location || item === undefined || item === null) continue
    const wireName = xmlName(model, member, memberName)
    if (member.xmlAttribute) attributes += ` ${wireName}="${escapeXml(scalarText(model, member, item))}"`
    else content += encodeMember(model, member, item, wireName)
  }
  return `<${name}${attributes}>${content}</${name}>`
}

function encodeMember(model: ServiceModel, member: MemberModel, value: unknown, name: string): string {
  const shape = shapeOf(model, member.shape)
  const flattened = member.flattened ?? ('flattened' in shape ? shape.flattened : undefined)
  switch (shape.type) {
    case 'structure':
      return encodeXmlStructure(model, shape, value as Record<string, unknown>, name, member.xmlNamespace)
    case 'list': {
      const itemName = flattened ? name : (shape.member.locationName ?? 'member')
      const items = Array.from(value as Iterable<unknown>, (item) => encodeMember(model, shape.member, item, itemName))
      return flattened ? items.join('') : `<${name}>${items.join('')}</${name}>`
    }
    case 'map': {
      const entryName = flattened ? name : 'entry'
      const entries = Object.entries(value as object)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => {
          const keyText = encodeMember(model, shape.key, key, shape.key.locationName ?? 'key')
          return `<${entryName}>${keyText}${encodeMember(model, shape.value, item, shape.value.locationName ?? 'value')}</${entryName}>`
        })
      return flattened ? entries.join('') : `<${name}>${entries.join('')}</${name}>`
    }
    default:
      return `<${name}>${escapeXml(scalarText(model, member, value))}</${name}>`
  }
}

function scalarText(model: ServiceModel, member: MemberModel, value: unknown): string {
  return formatScalar(shapeOf(model, member.shape), member, value, 'iso8601')
}

export function xmlns(namespace: XmlNamespace | undefined): string {
  if (!namespace) return ''
  return ` xmlns${namespace.prefix ? `:${namespace.prefix}` : ''}="${escapeXml(namespace.uri)}"`
}

export const XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'

/** An element with text, or nothing where there is none. */
export function element(name: string, value: unknown): string {
  if (value === undefined || value === null) return ''
  const text = value instanceof Date ? value.toISOString() : String(value)
  return `<${name}>${escapeXml(text)}</${name}>`
}

import { type MemberModel, type ServiceModel, type StructureShape, shapeOf } from '@sagebrush/contract'
import { ApiError } from '@sagebrush/core'
import { parseScalar } from '../wire/scalars.ts'
import { type FormNode, numbered } from './form-tree.ts'

export function decodeFormStructure(model: ServiceModel, shape: StructureShape, node: FormNode) {
  const out: Record<string, unknown> = {}
  for (const name in shape.members) {
    const member = shape.members[name]
    const child = member && node.children.get(member.queryName ?? member.locationName ?? name)
    if (member && child) out[name] = decodeNode(model, member, child, name)
  }
  return out
}

function decodeNode(model: ServiceModel, member: MemberModel, node: FormNode, name: string): unknown {
  const shape = shapeOf(model, member.shape)
  const flattened = member.flattened ?? ('flattened' in shape ? shape.flattened : undefined)
  switch (shape.type) {
    case 'structure':
      return decodeFormStructure(model, shape, node)
    case 'list': {
      const items = flattened ? node : node.children.get(shape.member.locationName ?? 'member')
      // An empty list is sent as the bare name.
      return items ? numbered(items).map((item) => decodeNode(model, shape.member, item, name)) : []
    }
    case 'map': {
      const entries = flattened ? node : node.children.get('entry')
      return Object.fromEntries(
        (entries ? numbered(entries) : []).map((entry) => {
          const key = entry.children.get(shape.key.locationName ?? 'key')
          const value = entry.children.get(shape.value.locationName ?? 'value')
          return [key?.value ?? '', value && decodeNode(model, shape.value, value, name)]
        }),
      )
    }
    default: {
      const value = parseScalar(shape, member, node.value ?? '', 'iso8601')
      if (value === undefined) {
        throw new ApiError('MalformedInput', `Value '${node.value ?? ''}' at '${name}' is no ${shape.type}`)
      }
      return value
    }
  }
}

import { loadService, type Shape, shapeOf } from '@sagebrush/contract'

const model = loadService('sagemaker')
/** Values for strings whose pattern a plain word does not match. */
const EXAMPLES: readonly string[] = [
  'word',
  '1',
  's3://bucket/prefix',
  'arn:aws:iam::123456789012:role/Role',
  'arn:aws:sagemaker:us-east-1:123456789012:training-plan/plan',
  'arn:aws:sagemaker:us-east-1:123456789012:model-package-group/group',
  'arn:aws:sagemaker:us-east-1:123456789012:model-package/pkg',
  'arn:aws:sagemaker:us-east-1:123456789012:mlflow-app/app',
  'arn:aws:lambda:us-east-1:123456789012:function:name',
  'arn:aws:sns:us-east-1:123456789012:topic',
  'https://example.com/path',
  '/opt/ml/path',
  'ml.m5.large',
]

/**
 * A value of the shape with every member set, two entries in each list where it may have two. Of a union, the first
 * member. Strings match their patterns where one of the examples does.
 */
export function allMembers(name: string, seen: readonly string[] = []): unknown {
  const shape = shapeOf(model, name)
  switch (shape.type) {
    case 'structure': {
      if (seen.includes(name)) return {}
      const members = Object.entries(shape.members).slice(0, shape.union ? 1 : undefined)
      return Object.fromEntries(members.map(([member, { shape: of }]) => [member, allMembers(of, [...seen, name])]))
    }
    case 'list':
      return [allMembers(shape.member.shape, [...seen, name])]
    case 'map':
      return { key: allMembers(shape.value.shape, [...seen, name]) }
    case 'boolean':
      return true
    case 'timestamp':
      return new Date('2026-01-01T00:00:00Z')
    case 'blob':
      return new Uint8Array([1])
    case 'string':
      return text(shape)
    default:
      return Math.max(shape.min ?? 1, 1)
  }
}

function text(shape: Extract<Shape, { type: 'string' }>): string {
  if (shape.enum) return shape.enum.at(-1) ?? ''
  const { pattern } = shape
  const matching = pattern === undefined ? undefined : EXAMPLES.find((example) => matches(pattern, example))
  return (matching ?? 'word').padEnd(shape.min ?? 0, 'x')
}

/** The models' patterns are Java's; those that are none of ours match nothing here. */
function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`).test(value)
  } catch {
    return false
  }
}

/** Members that both shapes have. */
export function commonMembers(a: string, b: string): string[] {
  const of = (name: string) => {
    const shape = shapeOf(model, name)
    return shape.type === 'structure' ? Object.keys(shape.members) : []
  }
  const others = of(b)
  return of(a).filter((member) => others.includes(member))
}

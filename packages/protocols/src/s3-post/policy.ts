import { ApiError } from '@sagebrush/core'

/** A POST policy: what its signer allows an upload to be. */
export interface PostPolicy {
  readonly expires: Date
  readonly conditions: readonly Condition[]
}

type Condition =
  | { readonly kind: 'eq' | 'starts-with'; readonly field: string; readonly value: string; readonly source: unknown }
  | { readonly kind: 'range'; readonly min: number; readonly max: number }

export function parsePolicy(encoded: string): PostPolicy {
  let policy: unknown
  try {
    policy = JSON.parse(Buffer.from(encoded, 'base64').toString('utf8'))
  } catch (cause) {
    throw invalidPolicy('Invalid JSON.', cause)
  }
  const { expiration, conditions } = (policy ?? {}) as { expiration?: unknown; conditions?: unknown }
  const expires = new Date(typeof expiration === 'string' ? expiration : Number.NaN)
  if (Number.isNaN(expires.getTime())) throw invalidPolicy("Policy missing or invalid 'expiration'.")
  if (!Array.isArray(conditions)) throw invalidPolicy("Policy missing 'conditions'.")
  return { expires, conditions: conditions.flatMap(parseCondition) }
}

function parseCondition(source: unknown): readonly Condition[] {
  if (Array.isArray(source)) {
    const [kind, first, second] = source as unknown[]
    const name = typeof kind === 'string' ? kind.toLowerCase() : ''
    if (name === 'content-length-range') {
      const [min, max] = [Number(first), Number(second)]
      if (Number.isInteger(min) && Number.isInteger(max)) return [{ kind: 'range', min, max }]
    }
    if ((name === 'eq' || name === 'starts-with') && typeof first === 'string' && first.startsWith('$')) {
      return [{ kind: name, field: first.slice(1).toLowerCase(), value: String(second ?? ''), source }]
    }
  } else if (typeof source === 'object' && source !== null) {
    return Object.entries(source).map(([field, value]) => ({
      kind: 'eq',
      field: field.toLowerCase(),
      value: String(value),
      source: ['eq', `$${field}`, value],
    }))
  }
  throw invalidPolicy(`Invalid condition: ${JSON.stringify(source)}`)
}

/** Fields that no condition need cover. */
const FREE = new Set(['x-amz-signature', 'policy', 'file', 'bucket', 'awsaccesskeyid', 'signature'])

/** Throws unless every condition holds and every field is under one. */
export function checkPolicy(policy: PostPolicy, fields: ReadonlyMap<string, string>, bucket: string, now: Date): void {
  if (policy.expires.getTime() <= now.getTime()) throw denied('Policy expired.')
  const covered = new Set<string>()
  for (const condition of policy.conditions) {
    if (condition.kind === 'range') continue
    covered.add(condition.field)
    const value = condition.field === 'bucket' ? bucket : (fields.get(condition.field) ?? '')
    const holds =
      condition.kind === 'eq' ? value === condition.value : startsWith(condition.field, value, condition.value)
    if (!holds) throw denied(`Policy Condition failed: ${JSON.stringify(condition.source)}`)
  }
  const extra = [...fields.keys()].filter(
    (name) => !covered.has(name) && !FREE.has(name) && !name.startsWith('x-ignore-'),
  )
  if (extra.length > 0) throw denied(`Extra input fields: ${extra.join(', ')}`)
}

/** A list of content types must begin so in each of its parts. */
function startsWith(field: string, value: string, prefix: string): boolean {
  if (field !== 'content-type') return value.startsWith(prefix)
  return value.split(',').every((part) => part.trimStart().startsWith(prefix))
}

/** The file's bytes, refused where their number is out of the policy's range. */
export async function* withinRange(policy: PostPolicy, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const ranges = policy.conditions.filter((condition) => condition.kind === 'range')
  const min = Math.max(0, ...ranges.map((range) => range.min))
  const max = Math.min(Number.MAX_SAFE_INTEGER, ...ranges.map((range) => range.max))
  let length = 0
  for await (const part of content) {
    length += part.length
    if (length > max) {
      throw new ApiError('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', {
        members: { ProposedSize: length, MaxSizeAllowed: max },
      })
    }
    yield part
  }
  if (length < min) {
    throw new ApiError('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', {
      members: { ProposedSize: length, MinSizeAllowed: min },
    })
  }
}

function invalidPolicy(detail: string, cause?: unknown): ApiError {
  return new ApiError('InvalidPolicyDocument', `Invalid Policy: ${detail}`, { cause })
}

function denied(detail: string): ApiError {
  return new ApiError('AccessDenied', `Invalid according to Policy: ${detail}`, { status: 403 })
}

import { ApiError } from '@sagebrush/core'

/** The fields of a form but for its file, names in lower case. */
export type FormFields = ReadonlyMap<string, string>

interface Match {
  readonly kind: 'eq' | 'starts-with'
  readonly field: string
  readonly value: string
}

export interface Policy {
  readonly expiration: Date
  readonly matches: readonly Match[]
  /** Of the file, in bytes, both inclusive. */
  readonly size?: { readonly least: number; readonly most: number }
}

/** Fields that a policy need not mention, beside `x-ignore-…`. */
const FREE = new Set(['policy', 'x-amz-signature', 'signature', 'awsaccesskeyid', 'file', 'bucket'])

/** Reads the `policy` field (base64 of JSON); throws InvalidPolicyDocument. */
export function parsePolicy(base64: string): Policy {
  const document = parseJson(base64)
  if (!isRecord(document) || typeof document.expiration !== 'string' || !Array.isArray(document.conditions)) {
    throw invalidPolicy('it needs "expiration" and "conditions"')
  }
  const expiration = new Date(document.expiration)
  if (Number.isNaN(expiration.getTime())) throw invalidPolicy(`the expiration ${document.expiration} is no date`)
  const matches: Match[] = []
  let size: Policy['size']
  for (const condition of document.conditions) {
    if (isRecord(condition)) {
      for (const [field, value] of Object.entries(condition)) matches.push(match('eq', field, value))
    } else if (Array.isArray(condition) && condition[0] === 'content-length-range') {
      size = { least: bytes(condition[1]), most: bytes(condition[2]) }
    } else if (Array.isArray(condition) && (condition[0] === 'eq' || condition[0] === 'starts-with')) {
      if (typeof condition[1] !== 'string' || !condition[1].startsWith('$')) {
        throw invalidPolicy(`the condition ${JSON.stringify(condition)} must name a field as "$field"`)
      }
      matches.push(match(condition[0], condition[1].slice(1), condition[2]))
    } else {
      throw invalidPolicy(`the condition ${JSON.stringify(condition)} is of no known kind`)
    }
  }
  return { expiration, matches, ...(size && { size }) }
}

/** Throws AccessDenied unless the policy is still valid, every condition holds and every field is mentioned. */
export function checkPolicy(policy: Policy, fields: FormFields, bucket: string, now: Date): void {
  if (policy.expiration <= now) throw denied('Policy expired.')
  for (const condition of policy.matches) {
    if (holds(condition, condition.field === 'bucket' ? bucket : (fields.get(condition.field) ?? ''))) continue
    const told = JSON.stringify([condition.kind, `$${condition.field}`, condition.value])
    throw denied(`Policy Condition failed: ${told}`)
  }
  const mentioned = new Set(policy.matches.map(({ field }) => field))
  const extra = [...fields.keys()].filter(
    (name) => !mentioned.has(name) && !FREE.has(name) && !name.startsWith('x-ignore-'),
  )
  if (extra.length > 0) throw denied(`Extra input fields: ${extra.join(', ')}`)
}

/** Throws EntityTooSmall or EntityTooLarge where the policy bounds the file's size. */
export function checkPolicySize(policy: Policy, sizeBytes: number): void {
  const { least = 0, most = Number.POSITIVE_INFINITY } = policy.size ?? {}
  if (sizeBytes < least) {
    throw new ApiError('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', {
      members: { ProposedSize: sizeBytes, MinSizeAllowed: least },
    })
  }
  if (sizeBytes > most) {
    throw new ApiError('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', {
      members: { ProposedSize: sizeBytes, MaxSizeAllowed: most },
    })
  }
}

function holds({ kind, field, value }: Match, actual: string): boolean {
  if (kind === 'eq') return actual === value
  // A list of types must begin so in each of its elements.
  if (field === 'content-type') return actual.split(',').every((type) => type.trim().startsWith(value))
  return actual.startsWith(value)
}

function match(kind: Match['kind'], field: string, value: unknown): Match {
  if (typeof value !== 'string') throw invalidPolicy(`the value of "${field}" must be a string`)
  return { kind, field: field.toLowerCase(), value }
}

function bytes(value: unknown): number {
  const count = typeof value === 'string' && value !== '' ? Number(value) : value
  if (typeof count === 'number' && Number.isSafeInteger(count) && count >= 0) return count
  throw invalidPolicy(`content-length-range has ${JSON.stringify(value)} where a number of bytes must stand`)
}

function parseJson(base64: string): unknown {
  try {
    return JSON.parse(Buffer.from(base64, 'base64').toString())
  } catch (error) {
    throw invalidPolicy('Invalid JSON', error)
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalidPolicy(why: string, cause?: unknown): ApiError {
  return new ApiError('InvalidPolicyDocument', `Invalid Policy: ${why}.`, { cause })
}

function denied(why: string): ApiError {
  return new ApiError('AccessDenied', `Invalid according to Policy: ${why}`, { status: 403 })
}

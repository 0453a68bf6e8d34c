import { ApiError } from '@sagebrush/core'
import { parsePolicy } from './policy/document.ts'

/** What a role or a user may do: its own policies and the managed ones that are attached to it. */
export interface Permissions {
  /** Inline policies by name, each a JSON text. */
  readonly inline: Readonly<Record<string, string>>
  /** ARNs of managed policies, in the order in which they were attached. */
  readonly attached: readonly string[]
  /** ARN of the managed policy that bounds the others. */
  readonly boundary?: string
}

export interface Tag {
  readonly Key: string
  readonly Value: string
}

type Holder = 'role' | 'user'

/**
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: the most to which AWS raises its quota of
 * 10. Here nobody can ask for a raise, and the training role that the SageMaker Python SDK makes has 11.
 */
const MOST_ATTACHED: Readonly<Record<Holder, number>> = { role: 25, user: 20 }
const MOST_TAGS = 50

export function withInline<T extends Permissions>(holder: T, name: string, document: string): T {
  parsePolicy(document, 'identity')
  return { ...holder, inline: { ...holder.inline, [name]: document } }
}

export function inlineOf(holder: Permissions, kind: Holder, name: string): string {
  const document = Object.hasOwn(holder.inline, name) ? holder.inline[name] : undefined
  if (document === undefined) {
    throw new ApiError('NoSuchEntity', `The ${kind} policy with name ${name} cannot be found.`, { status: 404 })
  }
  return document
}

export function withoutInline<T extends Permissions>(holder: T, kind: Holder, name: string): T {
  inlineOf(holder, kind, name)
  return { ...holder, inline: Object.fromEntries(Object.entries(holder.inline).filter(([key]) => key !== name)) }
}

/** Attaching again changes nothing. */
export function withAttached<T extends Permissions>(holder: T, kind: Holder, arn: string): T {
  if (holder.attached.includes(arn)) return holder
  if (holder.attached.length >= MOST_ATTACHED[kind]) {
    const quota = kind === 'role' ? 'PoliciesPerRole' : 'PoliciesPerUser'
    throw new ApiError('LimitExceeded', `Cannot exceed quota for ${quota}: ${MOST_ATTACHED[kind]}`, { status: 409 })
  }
  return { ...holder, attached: [...holder.attached, arn] }
}

export function withoutAttached<T extends Permissions>(holder: T, arn: string): T {
  if (!holder.attached.includes(arn)) {
    throw new ApiError('NoSuchEntity', `Policy ${arn} was not found.`, { status: 404 })
  }
  return { ...holder, attached: holder.attached.filter((attached) => attached !== arn) }
}

/** Refuses to delete what still has policies. */
export function checkNoPolicies(holder: Permissions): void {
  if (holder.attached.length > 0) throw deleteConflict('Cannot delete entity, must detach all policies first.')
  if (Object.keys(holder.inline).length > 0) throw deleteConflict('Cannot delete entity, must delete policies first.')
}

export function deleteConflict(message: string): ApiError {
  return new ApiError('DeleteConflict', message, { status: 409 })
}

/** The tags with these set; a key that is there takes the new value. */
export function withTags(tags: readonly Tag[], set: readonly Tag[]): readonly Tag[] {
  const all = new Map([...tags, ...set].map((tag) => [tag.Key, tag.Value]))
  if (all.size > MOST_TAGS) {
    throw new ApiError('LimitExceeded', `The number of tags has reached the maximum limit of ${MOST_TAGS}.`, {
      status: 409,
    })
  }
  return Array.from(all, ([Key, Value]) => ({ Key, Value }))
}

export function withoutTags(tags: readonly Tag[], keys: readonly string[]): readonly Tag[] {
  return tags.filter((tag) => !keys.includes(tag.Key))
}

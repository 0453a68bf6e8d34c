import type { Tag } from '../permissions.ts'

export interface ContextOf {
  readonly arn: string
  readonly account: string
  readonly userId: string
  readonly kind: 'role' | 'user' | 'account'
  readonly name?: string
  readonly tags: readonly Tag[]
}

/** The condition keys that IAM knows of every request, by their names in lower case. */
export function contextOf(principal: ContextOf, now: Date): Map<string, readonly string[]> {
  const type = { role: 'AssumedRole', user: 'User', account: 'Account' }[principal.kind]
  return new Map<string, readonly string[]>([
    ['aws:principalarn', [principal.arn]],
    ['aws:principalaccount', [principal.account]],
    ['aws:principaltype', [type]],
    ['aws:userid', [principal.userId]],
    ...(principal.kind === 'user' && principal.name !== undefined ? [['aws:username', [principal.name]] as const] : []),
    ['aws:currenttime', [now.toISOString()]],
    ['aws:epochtime', [String(Math.floor(now.getTime() / 1000))]],
    ...principal.tags.map((tag) => [`aws:principaltag/${tag.Key.toLowerCase()}`, [tag.Value]] as const),
  ])
}

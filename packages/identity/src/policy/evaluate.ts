import { type ConditionContext, conditionHolds } from './condition.ts'
import type { Principals, Statement } from './document.ts'
import { globMatches, globOf } from './glob.ts'
import { fillVariables } from './variables.ts'

export type Decision = 'allowed' | 'explicitDeny' | 'implicitDeny'

export interface AccessRequest {
  /** `s3:PutObject` */
  readonly action: string
  /** An ARN, or `*` where the caller names none. Not looked at in a trust policy. */
  readonly resource: string
  readonly context: ConditionContext
}

export interface Verdict<S extends Statement = Statement> {
  readonly decision: Decision
  /** The statements that decided. */
  readonly matched: readonly S[]
  /** Condition keys that statements asked for and the request did not have. */
  readonly missing: readonly string[]
}

/** Decides as IAM does: a Deny that applies wins, then an Allow that applies; else it is denied by silence. */
export function decide<S extends Statement>(
  statements: readonly S[],
  request: AccessRequest,
  speaksOf: (statement: S) => boolean = () => true,
): Verdict<S> {
  const missing = new Set<string>()
  const applying = statements.filter((statement) => {
    if (!coversAction(statement, request.action)) return false
    if (!coversResource(statement, request)) return false
    if (!speaksOf(statement)) return false
    const results = statement.conditions.map((condition) => conditionHolds(condition, request.context))
    for (const key of results.flatMap((result) => result.missing)) missing.add(key)
    return results.every((result) => result.holds)
  })
  const denials = applying.filter((statement) => statement.effect === 'Deny')
  const decision = denials.length > 0 ? 'explicitDeny' : applying.length > 0 ? 'allowed' : 'implicitDeny'
  return { decision, matched: denials.length > 0 ? denials : applying, missing: [...missing] }
}

/** Actions are compared without regard to case. */
function coversAction(statement: Statement, action: string): boolean {
  const covers = (patterns: readonly string[]) =>
    patterns.some((pattern) => globMatches(globOf(pattern.toLowerCase()), action.toLowerCase()))
  if (statement.actions) return covers(statement.actions)
  return statement.notActions !== undefined && !covers(statement.notActions)
}

function coversResource(statement: Statement, request: AccessRequest): boolean {
  const covers = (patterns: readonly string[]) =>
    patterns.some((pattern) => {
      const filled = fillVariables(pattern, request.context)
      return filled !== undefined && globMatches(globOf(filled), request.resource)
    })
  if (statement.resources) return covers(statement.resources)
  if (statement.notResources) return !covers(statement.notResources)
  return true
}

/** Who asks to assume a role: a principal of an account, or a service such as `sagemaker.amazonaws.com`. */
export type Principal =
  | { readonly kind: 'service'; readonly name: string }
  /** `arns`: all names it goes by, a session's own and its role's; `account`: where it lives. */
  | { readonly kind: 'aws'; readonly arns: readonly string[]; readonly account: string }

/** How far a statement names a principal: itself, only its account (which then has to allow it), or not. */
export function namesPrincipal(principals: Principals, principal: Principal): 'itself' | 'account' | 'no' {
  if (principals === '*') return 'itself'
  if (principal.kind === 'service') return principals.Service?.includes(principal.name) ? 'itself' : 'no'
  const named = principals.AWS ?? []
  if (named.includes('*') || principal.arns.some((arn) => named.includes(arn))) return 'itself'
  const isAccount = (name: string) =>
    name === principal.account || new RegExp(`^arn:[a-z-]+:iam::${principal.account}:root$`).test(name)
  return named.some(isAccount) ? 'account' : 'no'
}

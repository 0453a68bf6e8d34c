import type { ConditionContext } from './condition.ts'
import { parsePolicy, type Statement } from './document.ts'
import { decide, namesPrincipal, type Principal, type Verdict } from './evaluate.ts'

export const SAGEMAKER: Principal = { kind: 'service', name: 'sagemaker.amazonaws.com' }

/** The trust of roles that are made here: SageMaker, and whoever of the own account is allowed to. */
export function defaultTrust(account: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { Service: 'sagemaker.amazonaws.com' }, Action: 'sts:AssumeRole' },
      { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'sts:AssumeRole' },
    ],
  })
}

export interface TrustVerdict extends Verdict {
  /** True where the trust is only of the principal's account: its own policies must allow it, too. */
  readonly byAccount: boolean
}

/** Whether a trust policy lets the principal assume the role. */
export function trusts(document: string, principal: Principal, context: ConditionContext): TrustVerdict {
  const reach = (statement: Statement) => {
    if (statement.principals) return namesPrincipal(statement.principals, principal)
    if (!statement.notPrincipals) return 'no'
    return namesPrincipal(statement.notPrincipals, principal) === 'no' ? 'itself' : 'no'
  }
  const request = { action: 'sts:AssumeRole', resource: '*', context }
  const verdict = decide(parsePolicy(document, 'trust'), request, (statement) => reach(statement) !== 'no')
  const byAccount = verdict.decision === 'allowed' && verdict.matched.every((s) => reach(s) === 'account')
  return { ...verdict, byAccount }
}

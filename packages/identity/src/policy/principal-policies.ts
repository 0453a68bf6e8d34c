import type { PolicySourceType } from '@sagebrush/contract/iam'
import type { IdentityPorts } from '../context.ts'
import type { Permissions } from '../permissions.ts'
import { parsePolicy, type Statement } from './document.ts'
import { findPolicy } from './find-policy.ts'
import { defaultDocument } from './policy-versions.ts'

/** A statement that knows which policy it stands in. */
export interface SourcedStatement extends Statement {
  readonly policyId: string
  readonly policyType: PolicySourceType
}

export function sourced(document: string, policyId: string, policyType: PolicySourceType): SourcedStatement[] {
  return parsePolicy(document, 'identity').map((statement) => ({ ...statement, policyId, policyType }))
}

/** Every statement that grants or denies something to a role or a user. */
export async function statementsOf(
  ports: Pick<IdentityPorts, 'policies'>,
  account: string,
  holder: Permissions & { readonly name: string },
  kind: 'role' | 'user',
): Promise<readonly SourcedStatement[]> {
  const inline = Object.entries(holder.inline).flatMap(([name, document]) =>
    sourced(document, `${kind}_${holder.name}_${name}`, kind),
  )
  const attached = await Promise.all(holder.attached.map((arn) => managedStatements(ports, account, arn)))
  return [...inline, ...attached.flat()]
}

/** The statements of a managed policy; none where it is gone. */
export async function managedStatements(
  ports: Pick<IdentityPorts, 'policies'>,
  account: string,
  arn: string,
): Promise<readonly SourcedStatement[]> {
  const policy = await findPolicy(ports, account, arn)
  if (!policy) return []
  return sourced(defaultDocument(policy), policy.name, policy.account === 'aws' ? 'aws-managed' : 'user-managed')
}

import type { ExecutionRoles, RoleCredentials, Scope } from '@sagebrush/core'
import type { IdentityPorts } from '../context.ts'
import { SAGEMAKER, trusts } from '../policy/trust.ts'
import { issueTemporary, sessionOf } from '../sts/role-session.ts'
import { type FoundRole, localRole } from './find-role.ts'
import { cannotAssumeRole, type RoleRecord } from './role.ts'

/** SageMaker's side of a role: may it be used, and credentials of it for one task. */
export class StoredExecutionRoles implements ExecutionRoles {
  readonly #ports: IdentityPorts
  readonly #clock: () => Date

  constructor(ports: IdentityPorts, clock: () => Date) {
    this.#ports = ports
    this.#clock = clock
  }

  async require(scope: Scope, arn: string): Promise<{ readonly created: boolean }> {
    const { created } = await this.#usable(scope, arn)
    return { created }
  }

  async credentials(scope: Scope, arn: string, sessionName: string, seconds: number): Promise<RoleCredentials> {
    const { role } = await this.#usable(scope, arn)
    return issueTemporary(this.#ports.keys, sessionOf(role, sessionName), this.#clock(), seconds)
  }

  /** The role is there under this ARN, its path included, and trusts SageMaker acting for this account. */
  async #usable(scope: Scope, arn: string): Promise<FoundRole & { readonly role: RoleRecord }> {
    const { role, created } = await localRole(this.#ports, scope.account, arn, this.#clock())
    if (!role) throw cannotAssumeRole(arn)
    const context = new Map([
      ['aws:sourceaccount', [scope.account]],
      ['aws:sourcearn', [`arn:aws:sagemaker:${scope.region}:${scope.account}:*`]],
    ])
    if (trusts(role.trust, SAGEMAKER, context).decision !== 'allowed') throw cannotAssumeRole(arn)
    return { role, created }
  }
}

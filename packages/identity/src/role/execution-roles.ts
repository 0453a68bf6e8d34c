import type { ExecutionRoles, RoleCredentials, Scope } from '@sagebrush/core'
import type { IdentityPorts } from '../context.ts'
import { SAGEMAKER, trusts } from '../policy/trust.ts'
import { issueTemporary, sessionOf } from '../sts/role-session.ts'
import { findOrMakeRole, findRole } from './find-role.ts'
import { cannotAssumeRole, parseRoleArn, type RoleRecord, roleArn } from './role.ts'

/** SageMaker's side of a role: may it be used, and credentials of it for one task. */
export class StoredExecutionRoles implements ExecutionRoles {
  readonly #ports: IdentityPorts
  readonly #clock: () => Date

  constructor(ports: IdentityPorts, clock: () => Date) {
    this.#ports = ports
    this.#clock = clock
  }

  async require(scope: Scope, arn: string): Promise<{ readonly created: boolean }> {
    const wanted = parseRoleArn(arn)
    if (!wanted || wanted.account !== scope.account) throw cannotAssumeRole(arn)
    const { role, created } = await findOrMakeRole(this.#ports, wanted, this.#clock())
    this.#check(role, scope, arn)
    return { created }
  }

  async credentials(scope: Scope, arn: string, sessionName: string, seconds: number): Promise<RoleCredentials> {
    const wanted = parseRoleArn(arn)
    if (!wanted || wanted.account !== scope.account) throw cannotAssumeRole(arn)
    const role = this.#check(await findRole(this.#ports, wanted.account, wanted.name), scope, arn)
    return issueTemporary(this.#ports.keys, sessionOf(role, sessionName), this.#clock(), seconds)
  }

  /** The role is there under this very ARN (its path included), and trusts SageMaker acting for this account. */
  #check(role: RoleRecord | undefined, scope: Scope, arn: string): RoleRecord {
    if (!role || roleArn(role).split(':')[5] !== arn.split(':')[5]) throw cannotAssumeRole(arn)
    const context = new Map([
      ['aws:sourceaccount', [scope.account]],
      ['aws:sourcearn', [`arn:aws:sagemaker:${scope.region}:${scope.account}:*`]],
    ])
    if (trusts(role.trust, SAGEMAKER, context).decision !== 'allowed') throw cannotAssumeRole(arn)
    return role
  }
}

import type { AssumeRoleRequest } from '@sagebrush/contract/sts'
import { ApiError } from '@sagebrush/core'
import type { SessionRestrictions } from '../access-key/access-key.ts'
import { type IdentityContext, stsOperation } from '../context.ts'
import { parsePolicy } from '../policy/document.ts'
import { trusts } from '../policy/trust.ts'
import { findRole, localRole } from '../role/find-role.ts'
import { parseRoleArn, type RoleRecord, roleArn } from '../role/role.ts'
import { type CallerPrincipal, callerPrincipal } from './caller-principal.ts'
import { permits } from './permits.ts'
import { issueTemporary, sessionOf } from './role-session.ts'

const DEFAULT_SECONDS = 3600
/** A session that was made from a session. */
const MOST_CHAINED_SECONDS = 3600

/** In `auto` mode a role that is not there is made, with a trust of the caller's account. */
export const AssumeRole = stsOperation('AssumeRole', async (input, ctx) => {
  checkInput(input)
  const caller = await callerPrincipal(ctx)
  const role = await roleToAssume(ctx, input.RoleArn)
  if (!role || !(await mayAssume(ctx, caller, role, input))) {
    throw new ApiError(
      'AccessDenied',
      `User: ${ctx.caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${input.RoleArn}`,
      { status: 403 },
    )
  }
  const seconds = durationOf(input, role, caller)
  const principal = sessionOf(role, input.RoleSessionName)
  const issued = await issueTemporary(ctx.keys, principal, ctx.now(), seconds, restrictionsOf(input))
  return {
    Credentials: {
      AccessKeyId: issued.accessKeyId,
      SecretAccessKey: issued.secretAccessKey,
      SessionToken: issued.sessionToken,
      Expiration: issued.expires,
    },
    AssumedRoleUser: { AssumedRoleId: principal.userId, Arn: principal.arn },
    ...(input.SourceIdentity === undefined ? {} : { SourceIdentity: input.SourceIdentity }),
  }
})

function checkInput(input: AssumeRoleRequest): void {
  if (!parseRoleArn(input.RoleArn)) throw validation(`${input.RoleArn} is invalid`)
  if (input.SerialNumber !== undefined || input.TokenCode !== undefined) {
    throw new ApiError(
      'AccessDenied',
      'MultiFactorAuthentication failed: no MFA device is known here. Leave SerialNumber and TokenCode out.',
      { status: 403 },
    )
  }
  if (input.ProvidedContexts !== undefined) throw validation('ProvidedContexts is not supported: leave it out.')
  if (input.Policy !== undefined) parsePolicy(input.Policy, 'identity')
}

async function roleToAssume(ctx: IdentityContext, arn: string): Promise<RoleRecord | undefined> {
  const { role } = await localRole(ctx, ctx.caller.account, arn, ctx.now())
  if (role) return role
  const elsewhere = parseRoleArn(arn)
  if (!elsewhere || elsewhere.account === ctx.caller.account) return undefined
  const found = await findRole(ctx, elsewhere.account, elsewhere.name)
  return found?.path === elsewhere.path ? found : undefined
}

/** The role trusts the caller; where it only trusts the caller's account, or another one, the caller needs leave, too. */
async function mayAssume(ctx: IdentityContext, caller: CallerPrincipal, role: RoleRecord, input: AssumeRoleRequest) {
  const context = new Map([
    ...caller.context,
    ['sts:rolesessionname', [input.RoleSessionName]] as const,
    ...(input.ExternalId === undefined ? [] : [['sts:externalid', [input.ExternalId]] as const]),
    ...(input.SourceIdentity === undefined ? [] : [['sts:sourceidentity', [input.SourceIdentity]] as const]),
    ...(input.Tags ?? []).map((tag) => [`aws:requesttag/${tag.Key.toLowerCase()}`, [tag.Value]] as const),
    ...(input.Tags ? [['aws:tagkeys', input.Tags.map((tag) => tag.Key)] as const] : []),
  ])
  const principal = { kind: 'aws' as const, arns: caller.arns, account: ctx.caller.account }
  const trust = trusts(role.trust, principal, context)
  if (trust.decision !== 'allowed') return false
  const own = await permits(ctx, caller, { action: 'sts:AssumeRole', resource: roleArn(role), context })
  if (own === 'explicitDeny') return false
  return own === 'allowed' || (!trust.byAccount && role.account === ctx.caller.account)
}

function durationOf(input: AssumeRoleRequest, role: RoleRecord, caller: CallerPrincipal): number {
  const seconds = input.DurationSeconds ?? DEFAULT_SECONDS
  if (caller.temporary && seconds > MOST_CHAINED_SECONDS) {
    throw validation(
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    )
  }
  if (seconds > role.maxSessionSeconds) {
    throw validation('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.')
  }
  return seconds
}

function restrictionsOf(input: AssumeRoleRequest): SessionRestrictions {
  return {
    policies: input.Policy === undefined ? [] : [input.Policy],
    policyArns: (input.PolicyArns ?? []).flatMap((policy) => policy.arn ?? []),
    tags: (input.Tags ?? []).map((tag) => ({ ...tag })),
    transitiveTagKeys: input.TransitiveTagKeys ?? [],
    ...(input.SourceIdentity === undefined ? {} : { sourceIdentity: input.SourceIdentity }),
  }
}

function validation(message: string): ApiError {
  return new ApiError('ValidationError', message, { status: 400 })
}

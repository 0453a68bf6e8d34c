import type { IdentityContext } from '../context.ts'
import { type AccessRequest, type Decision, decide } from '../policy/evaluate.ts'
import { managedStatements, type SourcedStatement, sourced, statementsOf } from '../policy/principal-policies.ts'
import type { CallerPrincipal } from './caller-principal.ts'

/** What the caller's own policies say: its boundary and what its session was narrowed to must allow it as well. */
export async function permits(
  ctx: IdentityContext,
  caller: CallerPrincipal,
  request: AccessRequest,
): Promise<Decision> {
  const { holder, session } = caller
  if (!holder) return 'allowed'
  const { account } = ctx.caller
  const layers: (readonly SourcedStatement[])[] = [
    await statementsOf(ctx, account, holder, caller.kind === 'user' ? 'user' : 'role'),
  ]
  if (holder.boundary !== undefined) layers.push(await managedStatements(ctx, account, holder.boundary))
  if (session && session.policies.length + session.policyArns.length > 0) {
    const managed = await Promise.all(session.policyArns.map((arn) => managedStatements(ctx, account, arn)))
    layers.push([...session.policies.flatMap((text) => sourced(text, 'session', 'none')), ...managed.flat()])
  }
  const decisions = layers.map((statements) => decide(statements, request).decision)
  if (decisions.includes('explicitDeny')) return 'explicitDeny'
  return decisions.every((decision) => decision === 'allowed') ? 'allowed' : 'implicitDeny'
}

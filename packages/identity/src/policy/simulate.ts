import type {
  EvaluationResult,
  ResourceSpecificResult,
  SimulateCustomPolicyRequest,
  SimulatePolicyResponse,
} from '@sagebrush/contract/iam'
import { ApiError } from '@sagebrush/core'
import { pageOf } from '../paging.ts'
import type { ConditionContext } from './condition.ts'
import { decide, type Verdict } from './evaluate.ts'
import type { SourcedStatement } from './principal-policies.ts'

type SimulationInput = Omit<SimulateCustomPolicyRequest, 'PolicyInputList'>

/** What cannot be simulated is refused: a wrong "allowed" is worse than none. */
export function checkSimulation(input: SimulationInput & { readonly PolicyExclusionList?: unknown }): void {
  const fields = [
    'ResourcePolicy',
    'ResourceHandlingOption',
    'OrderedOrganizationPolicyInputList',
    'PolicyExclusionList',
  ] as const
  for (const field of fields) {
    if (input[field] === undefined) continue
    throw new ApiError('InvalidInput', `${field} is not simulated here: leave it out.`, { status: 400 })
  }
}

/**
 * One result per action and resource (`*` where none is named), as IAM's simulator: every policy that is given counts,
 * a boundary must allow as well, and context entries stand for what a real request would bring.
 */
export function simulate(
  input: SimulationInput,
  statements: readonly SourcedStatement[],
  boundary: readonly SourcedStatement[] | undefined,
  base: ConditionContext,
): SimulatePolicyResponse {
  const context = new Map(base)
  for (const { ContextKeyName, ContextKeyValues } of input.ContextEntries ?? []) {
    if (ContextKeyName !== undefined) context.set(ContextKeyName.toLowerCase(), ContextKeyValues ?? [])
  }
  const results = input.ActionNames.flatMap((action) =>
    (input.ResourceArns ?? ['*']).map((resource): EvaluationResult => {
      const request = { action, resource, context }
      const result = resultOf(action, resource, decide(statements, request), boundary && decide(boundary, request))
      return input.ResourceArns ? { ...result, ResourceSpecificResults: [ofResource(result)] } : result
    }),
  )
  const page = pageOf(results, input)
  return { EvaluationResults: [...page.items], ...page.more }
}

/** Where resources are named, what was found stands once more under each. */
function ofResource(result: EvaluationResult): ResourceSpecificResult {
  const { EvalResourceName = '*', EvalDecision, MatchedStatements, MissingContextValues } = result
  return { EvalResourceName, EvalResourceDecision: EvalDecision, MatchedStatements, MissingContextValues }
}

function resultOf(
  action: string,
  resource: string,
  verdict: Verdict<SourcedStatement>,
  bound: Verdict<SourcedStatement> | undefined,
): EvaluationResult {
  const deniedBy = bound && bound.decision !== 'allowed' && verdict.decision === 'allowed' ? bound : verdict
  const explicit = bound?.decision === 'explicitDeny' ? bound : deniedBy
  return {
    EvalActionName: action,
    EvalResourceName: resource,
    EvalDecision: explicit.decision,
    MatchedStatements: explicit.matched.map(({ policyId, policyType }) => ({
      SourcePolicyId: policyId,
      SourcePolicyType: policyType,
    })),
    MissingContextValues: [...new Set([...verdict.missing, ...(bound?.missing ?? [])])],
    ...(bound
      ? { PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: bound.decision === 'allowed' } }
      : {}),
  }
}

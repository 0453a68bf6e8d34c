import { ApiError } from '@sagebrush/core'
import { type Condition, isConditionOperator } from './condition.ts'

/** Whom a statement of a trust policy is about; `'*'` is everybody. */
export type Principals = '*' | Readonly<Record<string, readonly string[]>>

export interface Statement {
  readonly sid?: string
  readonly effect: 'Allow' | 'Deny'
  readonly actions?: readonly string[]
  readonly notActions?: readonly string[]
  readonly resources?: readonly string[]
  readonly notResources?: readonly string[]
  readonly principals?: Principals
  readonly notPrincipals?: Principals
  readonly conditions: readonly Condition[]
}

/** `identity`: attached to a role or a user. `trust`: says who may assume a role. */
export type PolicyKind = 'identity' | 'trust'

export function malformed(message: string): ApiError {
  return new ApiError('MalformedPolicyDocument', message, { status: 400 })
}

const STATEMENT_FIELDS = new Set([
  'Sid',
  'Effect',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Principal',
  'NotPrincipal',
  'Condition',
])

/** Parses a policy and holds it to IAM's grammar. Throws MalformedPolicyDocument, in IAM's words where they are known. */
export function parsePolicy(text: string, kind: PolicyKind): readonly Statement[] {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (error) {
    throw new ApiError('MalformedPolicyDocument', 'This policy contains invalid Json', { status: 400, cause: error })
  }
  if (!isObject(document)) throw malformed('Syntax errors in policy.')
  for (const field of Object.keys(document)) {
    if (field !== 'Version' && field !== 'Id' && field !== 'Statement') throw malformed('Syntax errors in policy.')
  }
  const version = document.Version
  if (version !== undefined && version !== '2012-10-17' && version !== '2008-10-17') {
    throw malformed('The policy must contain a valid version string')
  }
  if (kind === 'identity' && version !== '2012-10-17') {
    throw malformed('Policy document must be version 2012-10-17 or greater.')
  }
  const statements = Array.isArray(document.Statement) ? document.Statement : [document.Statement]
  if (statements.length === 0) throw malformed('Syntax errors in policy.')
  const parsed = statements.map((statement: unknown) => parseStatement(statement, kind))
  const sids = parsed.flatMap((statement) => statement.sid ?? [])
  if (new Set(sids).size !== sids.length) throw malformed('Statement IDs (SID) in a single policy must be unique.')
  return parsed
}

function parseStatement(statement: unknown, kind: PolicyKind): Statement {
  if (!isObject(statement)) throw malformed('Syntax errors in policy.')
  for (const field of Object.keys(statement)) {
    if (!STATEMENT_FIELDS.has(field)) throw malformed('Syntax errors in policy.')
  }
  const { Sid, Effect } = statement
  if (Sid !== undefined && typeof Sid !== 'string') throw malformed('Syntax errors in policy.')
  if (Effect !== 'Allow' && Effect !== 'Deny') throw malformed('Syntax errors in policy.')
  const actions = oneOf(statement, 'Action', 'NotAction')
  if (!actions) throw malformed('Policy statement must contain actions.')
  for (const action of actions.yes ?? actions.no ?? []) checkAction(action)
  return {
    ...(Sid === undefined ? {} : { sid: Sid }),
    effect: Effect,
    ...(actions.yes ? { actions: actions.yes } : {}),
    ...(actions.no ? { notActions: actions.no } : {}),
    ...(kind === 'identity' ? resourcesOf(statement) : principalsOf(statement)),
    conditions: conditionsOf(statement.Condition),
  }
}

function checkAction(action: string): void {
  if (action === '*') return
  const vendor = action.split(':')
  if (vendor.length !== 2) {
    throw malformed('Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.')
  }
  if (!/^[a-zA-Z0-9-]+$/.test(vendor[0] ?? '')) throw malformed(`Vendor ${vendor[0]} is not valid`)
}

function resourcesOf(statement: Record<string, unknown>): Pick<Statement, 'resources' | 'notResources'> {
  if (statement.Principal !== undefined || statement.NotPrincipal !== undefined) {
    throw malformed('Policy document should not specify a principal.')
  }
  const found = oneOf(statement, 'Resource', 'NotResource')
  if (!found) throw malformed('Policy statement must contain resources.')
  for (const resource of found.yes ?? found.no ?? []) {
    if (resource !== '*' && !resource.startsWith('arn:')) {
      throw malformed(`Resource ${resource} must be in ARN format or "*".`)
    }
  }
  return { ...(found.yes ? { resources: found.yes } : {}), ...(found.no ? { notResources: found.no } : {}) }
}

function principalsOf(statement: Record<string, unknown>): Pick<Statement, 'principals' | 'notPrincipals'> {
  for (const field of ['Resource', 'NotResource']) {
    if (statement[field] !== undefined) throw malformed(`Has prohibited field ${field}`)
  }
  const { Principal, NotPrincipal } = statement
  if ((Principal === undefined) === (NotPrincipal === undefined)) throw malformed('Missing required field Principal')
  const principals = parsePrincipals(Principal ?? NotPrincipal)
  return Principal === undefined ? { notPrincipals: principals } : { principals }
}

function parsePrincipals(value: unknown): Principals {
  if (value === '*') return '*'
  if (!isObject(value) || Object.keys(value).length === 0) throw malformed('Syntax errors in policy.')
  const kinds: Record<string, readonly string[]> = {}
  for (const [kind, names] of Object.entries(value)) {
    if (!['AWS', 'Service', 'Federated', 'CanonicalUser'].includes(kind)) {
      throw malformed(`Invalid principal in policy: "${kind}":"${String(names)}"`)
    }
    kinds[kind] = stringsOf(names)
  }
  return kinds
}

function conditionsOf(value: unknown): readonly Condition[] {
  if (value === undefined) return []
  if (!isObject(value)) throw malformed('Syntax errors in policy.')
  return Object.entries(value).flatMap(([operator, keys]) => {
    if (!isObject(keys)) throw malformed('Syntax errors in policy.')
    if (!isConditionOperator(operator)) throw malformed(`Invalid Condition type : ${operator}.`)
    return Object.entries(keys).map(([key, values]) => ({ operator, key, values: stringsOf(values) }))
  })
}

/** The strings under whichever of two fields is there; both at once are an error, neither is undefined. */
function oneOf(
  statement: Record<string, unknown>,
  field: string,
  negated: string,
): { readonly yes?: readonly string[]; readonly no?: readonly string[] } | undefined {
  const [yes, no] = [statement[field], statement[negated]]
  if (yes !== undefined && no !== undefined) throw malformed('Syntax errors in policy.')
  if (yes !== undefined) return { yes: stringsOf(yes) }
  return no === undefined ? undefined : { no: stringsOf(no) }
}

/** JSON lets conditions hold booleans and numbers; they mean their texts. */
function stringsOf(value: unknown): readonly string[] {
  const values: unknown[] = Array.isArray(value) ? value : [value]
  return values.map((item) => {
    if (typeof item === 'string') return item
    if (typeof item === 'boolean' || typeof item === 'number') return String(item)
    throw malformed('Syntax errors in policy.')
  })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

import { BlockList, isIP } from 'node:net'
import { globMatches, globOf } from './glob.ts'
import { fillVariables } from './variables.ts'

export interface Condition {
  /** As written: `StringEquals`, `ForAnyValue:StringLikeIfExists`. */
  readonly operator: string
  readonly key: string
  readonly values: readonly string[]
}

/** Values of condition keys, by the key in lower case. */
export type ConditionContext = ReadonlyMap<string, readonly string[]>

export interface ConditionResult {
  readonly holds: boolean
  /** Keys that the condition asked for and the request did not have. */
  readonly missing: readonly string[]
}

type Test = (actual: string, wanted: string) => boolean

const like: Test = (actual, wanted) => globMatches(globOf(wanted), actual)
const numbers =
  (compare: (a: number, b: number) => boolean): Test =>
  (actual, wanted) =>
    compare(Number(actual), Number(wanted))
const dates =
  (compare: (a: number, b: number) => boolean): Test =>
  (actual, wanted) =>
    compare(instant(actual), instant(wanted))

/** Positive tests; a negated operator holds where its positive one does not. */
const TESTS: Readonly<Record<string, Test>> = {
  StringEquals: (actual, wanted) => actual === wanted,
  StringEqualsIgnoreCase: (actual, wanted) => actual.toLowerCase() === wanted.toLowerCase(),
  StringLike: like,
  ArnEquals: like,
  ArnLike: like,
  Bool: (actual, wanted) => actual.toLowerCase() === wanted.toLowerCase(),
  BinaryEquals: (actual, wanted) => actual === wanted,
  NumericEquals: numbers((a, b) => a === b),
  NumericLessThan: numbers((a, b) => a < b),
  NumericLessThanEquals: numbers((a, b) => a <= b),
  NumericGreaterThan: numbers((a, b) => a > b),
  NumericGreaterThanEquals: numbers((a, b) => a >= b),
  DateEquals: dates((a, b) => a === b),
  DateLessThan: dates((a, b) => a < b),
  DateLessThanEquals: dates((a, b) => a <= b),
  DateGreaterThan: dates((a, b) => a > b),
  DateGreaterThanEquals: dates((a, b) => a >= b),
  IpAddress: inNetwork,
}

const NEGATED: Readonly<Record<string, string>> = {
  StringNotEquals: 'StringEquals',
  StringNotEqualsIgnoreCase: 'StringEqualsIgnoreCase',
  StringNotLike: 'StringLike',
  ArnNotEquals: 'ArnEquals',
  ArnNotLike: 'ArnLike',
  NumericNotEquals: 'NumericEquals',
  DateNotEquals: 'DateEquals',
  NotIpAddress: 'IpAddress',
}

/** Whether IAM knows the operator, with its set qualifier and `IfExists`. */
export function isConditionOperator(operator: string): boolean {
  const { name } = splitOperator(operator)
  return name === 'Null' || Object.hasOwn(TESTS, name) || Object.hasOwn(NEGATED, name)
}

/**
 * One line of a statement's Condition, by IAM's rules: any of the values may match; a key that the request does not
 * have fails a positive operator and passes a negated one; `IfExists` passes it; the set qualifiers look at each value.
 */
export function conditionHolds(condition: Condition, context: ConditionContext): ConditionResult {
  const { qualifier, name, ifExists } = splitOperator(condition.operator)
  const actual = context.get(condition.key.toLowerCase())
  if (name === 'Null') {
    const wantsAbsent = condition.values.some((value) => value.toLowerCase() === 'true')
    return { holds: (actual === undefined) === wantsAbsent, missing: [] }
  }
  const positive = NEGATED[name]
  const test = TESTS[positive ?? name]
  if (!test) return { holds: false, missing: [] }
  if (actual === undefined) {
    const holds = ifExists || qualifier === 'ForAllValues' || (positive !== undefined && qualifier === undefined)
    return { holds, missing: [condition.key] }
  }
  const wanted = condition.values.flatMap((value) => fillVariables(value, context) ?? [])
  const matches = (value: string) => wanted.some((item) => test(value, item)) !== (positive !== undefined)
  const holds =
    qualifier === 'ForAnyValue' || (qualifier === undefined && positive === undefined)
      ? actual.some(matches)
      : actual.every(matches)
  return { holds, missing: [] }
}

function splitOperator(operator: string) {
  const [, qualifier, name = '', ifExists] = /^(?:(ForAnyValue|ForAllValues):)?(\w+?)(IfExists)?$/.exec(operator) ?? []
  return { qualifier, name, ifExists: ifExists !== undefined }
}

/** Dates are ISO 8601 or epoch seconds. */
function instant(text: string): number {
  return /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text)
}

function inNetwork(actual: string, wanted: string): boolean {
  const [network = '', bits] = wanted.split('/')
  const family = isIP(network)
  if (family === 0 || isIP(actual) !== family) return false
  const type = family === 6 ? 'ipv6' : 'ipv4'
  const list = new BlockList()
  list.addSubnet(network, bits === undefined ? (family === 6 ? 128 : 32) : Number(bits), type)
  return list.check(actual, type)
}

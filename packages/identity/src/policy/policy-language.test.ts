import { expect, test } from 'vitest'
import { parsePolicy } from './document.ts'
import { decide } from './evaluate.ts'
import { globMatches, globOf } from './glob.ts'
import { trusts } from './trust.ts'

function decideOn(
  statements: readonly object[],
  action: string,
  resource = '*',
  context: Record<string, string[]> = {},
) {
  const policy = parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: statements }), 'identity')
  return decide(policy, { action, resource, context: new Map(Object.entries(context)) }).decision
}

const allow = (more: object) => ({ Effect: 'Allow', Action: '*', Resource: '*', ...more })

test.each([
  ['a*c', 'abbbc', true],
  ['a*c', 'abbbd', false],
  ['a?c', 'abc', true],
  ['a?c', 'ac', false],
  ['*', '', true],
  ['**a**', 'bab', true],
  ['a.c', 'abc', false],
  ['😀?', '😀😀', true],
] as const)('the glob %s and %s', (pattern, text, expected) => {
  expect(globMatches(globOf(pattern), text)).toBe(expected)
})

test('a glob of many stars takes no exponential time', () => {
  const started = performance.now()
  expect(globMatches(globOf('*a'.repeat(50)), `${'a'.repeat(5000)}b`)).toBe(false)
  expect(performance.now() - started).toBeLessThan(2000)
})

test('a Deny wins, an Allow allows, silence denies', () => {
  const both = [allow({ Action: 's3:*' }), { Effect: 'Deny', Action: 's3:Delete*', Resource: '*' }]
  expect(decideOn(both, 's3:GetObject')).toBe('allowed')
  expect(decideOn(both, 's3:DeleteObject')).toBe('explicitDeny')
  expect(decideOn(both, 'iam:GetRole')).toBe('implicitDeny')
})

test.each([
  [{ Action: 'S3:getobject' }, 's3:GetObject', '*', 'allowed'],
  [{ Action: ['s3:Get*', 'sts:*'] }, 'sts:AssumeRole', '*', 'allowed'],
  [{ NotAction: 'iam:*', Action: undefined }, 's3:GetObject', '*', 'allowed'],
  [{ NotAction: 'iam:*', Action: undefined }, 'iam:GetRole', '*', 'implicitDeny'],
  [{ Resource: 'arn:aws:s3:::b/*' }, 's3:GetObject', 'arn:aws:s3:::b/k/l', 'allowed'],
  [{ Resource: 'arn:aws:s3:::b/*' }, 's3:GetObject', 'arn:aws:s3:::B/k', 'implicitDeny'],
  [{ Resource: 'arn:aws:s3:::b/*' }, 's3:GetObject', '*', 'implicitDeny'],
  [{ NotResource: 'arn:aws:s3:::b/*', Resource: undefined }, 's3:GetObject', 'arn:aws:s3:::c/k', 'allowed'],
  [{ NotResource: 'arn:aws:s3:::b/*', Resource: undefined }, 's3:GetObject', 'arn:aws:s3:::b/k', 'implicitDeny'],
] as const)('%j on %s %s: %s', (statement, action, resource, expected) => {
  expect(decideOn([allow(statement)], action, resource)).toBe(expected)
})

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: IAM's own variables look like templates
test('variables stand for values of the request; without a value they match nothing', () => {
  const home = [allow({ Resource: 'arn:aws:s3:::b/${aws:username}/*' })]
  expect(decideOn(home, 's3:GetObject', 'arn:aws:s3:::b/ann/x', { 'aws:username': ['ann'] })).toBe('allowed')
  expect(decideOn(home, 's3:GetObject', 'arn:aws:s3:::b/bob/x', { 'aws:username': ['ann'] })).toBe('implicitDeny')
  expect(decideOn(home, 's3:GetObject', 'arn:aws:s3:::b//x')).toBe('implicitDeny')
  const fallback = [allow({ Resource: "arn:aws:s3:::b/${aws:PrincipalTag/team, 'all'}/*" })]
  expect(decideOn(fallback, 's3:GetObject', 'arn:aws:s3:::b/all/x')).toBe('allowed')
})
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: IAM's own variables look like templates

test.each([
  [{ StringEquals: { 'a:k': ['x', 'y'] } }, { 'a:k': ['y'] }, true],
  [{ StringEquals: { 'A:K': 'x' } }, { 'a:k': ['x'] }, true],
  [{ StringEquals: { 'a:k': 'x' } }, {}, false],
  [{ StringEqualsIfExists: { 'a:k': 'x' } }, {}, true],
  [{ StringNotEquals: { 'a:k': 'x' } }, {}, true],
  [{ StringNotEquals: { 'a:k': ['x', 'y'] } }, { 'a:k': ['y'] }, false],
  [{ StringLike: { 'a:k': 'p*' } }, { 'a:k': ['path'] }, true],
  [{ StringNotLike: { 'a:k': 'p*' } }, { 'a:k': ['path'] }, false],
  [{ StringEqualsIgnoreCase: { 'a:k': 'X' } }, { 'a:k': ['x'] }, true],
  [{ NumericLessThan: { 'a:k': 10 } }, { 'a:k': ['9.5'] }, true],
  [{ NumericGreaterThanEquals: { 'a:k': '10' } }, { 'a:k': ['9'] }, false],
  [{ DateLessThan: { 'a:k': '2026-01-01T00:00:00Z' } }, { 'a:k': ['1700000000'] }, true],
  [{ Bool: { 'a:k': true } }, { 'a:k': ['true'] }, true],
  [{ IpAddress: { 'a:k': '10.0.0.0/8' } }, { 'a:k': ['10.9.8.7'] }, true],
  [{ NotIpAddress: { 'a:k': ['10.0.0.0/8', '::1'] } }, { 'a:k': ['192.168.0.1'] }, true],
  [{ ArnLike: { 'a:k': 'arn:aws:iam::*:role/r' } }, { 'a:k': ['arn:aws:iam::1:role/r'] }, true],
  [{ Null: { 'a:k': 'true' } }, {}, true],
  [{ Null: { 'a:k': 'false' } }, {}, false],
  [{ 'ForAnyValue:StringEquals': { 'a:k': ['x'] } }, { 'a:k': ['w', 'x'] }, true],
  [{ 'ForAllValues:StringEquals': { 'a:k': ['x'] } }, { 'a:k': ['w', 'x'] }, false],
  [{ 'ForAllValues:StringEquals': { 'a:k': ['x'] } }, {}, true],
  [{ 'ForAnyValue:StringNotEquals': { 'a:k': ['x'] } }, {}, false],
  [{ StringEquals: { 'a:k': 'x', 'a:l': 'y' } }, { 'a:k': ['x'] }, false],
] as const)('the condition %j with %j: %s', (condition, context, holds) => {
  const values = Object.fromEntries(Object.entries(context).map(([key, list]) => [key, [...list]]))
  expect(decideOn([allow({ Condition: condition })], 's3:GetObject', '*', values)).toBe(
    holds ? 'allowed' : 'implicitDeny',
  )
})

const statement = { Effect: 'Allow', Action: 's3:Get', Resource: '*' }
test.each([
  ['{', 'This policy contains invalid Json'],
  ['[]', 'Syntax errors in policy.'],
  [{ Statement: [statement] }, 'Policy document must be version 2012-10-17 or greater.'],
  [{ Version: '2020-01-01', Statement: [statement] }, 'The policy must contain a valid version string'],
  [{ Version: '2012-10-17', Statement: [] }, 'Syntax errors in policy.'],
  [{ Version: '2012-10-17', Statement: [{ ...statement, Effect: 'allow' }] }, 'Syntax errors in policy.'],
  [{ Version: '2012-10-17', Statement: [{ ...statement, Extra: 1 }] }, 'Syntax errors in policy.'],
  [{ Version: '2012-10-17', Statement: { Effect: 'Allow', Resource: '*' } }, 'Policy statement must contain actions.'],
  [{ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*' } }, 'Policy statement must contain resources.'],
  [{ Version: '2012-10-17', Statement: { ...statement, Resource: 'bucket' } }, 'must be in ARN format'],
  [{ Version: '2012-10-17', Statement: { ...statement, Action: 'GetObject' } }, 'must be prefaced by a vendor'],
  [{ Version: '2012-10-17', Statement: { ...statement, Principal: '*' } }, 'should not specify a principal'],
  [{ Version: '2012-10-17', Statement: { ...statement, Condition: { Equals: { a: 'b' } } } }, 'Invalid Condition type'],
  [
    {
      Version: '2012-10-17',
      Statement: [
        { ...statement, Sid: 'a' },
        { ...statement, Sid: 'a' },
      ],
    },
    'must be unique',
  ],
])('the policy %j is malformed: %s', (document, message) => {
  const text = typeof document === 'string' ? document : JSON.stringify(document)
  expect(() => parsePolicy(text, 'identity')).toThrow(
    expect.objectContaining({ name: 'MalformedPolicyDocument', message: expect.stringContaining(message) }),
  )
})

const ANN = 'arn:aws:iam::111122223333:user/ann'
const session = {
  kind: 'aws' as const,
  arns: ['arn:aws:sts::111122223333:assumed-role/r/s', 'arn:aws:iam::111122223333:role/r'],
  account: '111122223333',
}
test.each([
  [{ AWS: 'arn:aws:iam::111122223333:role/r' }, 'allowed', false],
  [{ AWS: 'arn:aws:sts::111122223333:assumed-role/r/s' }, 'allowed', false],
  [{ AWS: [ANN, '111122223333'] }, 'allowed', true],
  [{ AWS: 'arn:aws:iam::111122223333:root' }, 'allowed', true],
  [{ AWS: 'arn:aws:iam::999900001111:root' }, 'implicitDeny', false],
  [{ AWS: '*' }, 'allowed', false],
  ['*', 'allowed', false],
  [{ Service: 'sagemaker.amazonaws.com' }, 'implicitDeny', false],
] as const)('a trust of %j in a session: %s', (Principal, decision, byAccount) => {
  const document = JSON.stringify({ Statement: { Effect: 'Allow', Principal, Action: 'sts:AssumeRole' } })
  expect(trusts(document, session, new Map())).toMatchObject({ decision, byAccount })
})

test('a trust policy without a principal, or with a resource, is malformed', () => {
  const bad = (more: object) => JSON.stringify({ Statement: { Effect: 'Allow', Action: 'sts:AssumeRole', ...more } })
  expect(() => parsePolicy(bad({}), 'trust')).toThrow('Missing required field Principal')
  expect(() => parsePolicy(bad({ Principal: '*', Resource: '*' }), 'trust')).toThrow('Has prohibited field Resource')
  expect(() => parsePolicy(bad({ Principal: { Robot: 'x' } }), 'trust')).toThrow('Invalid principal in policy')
})

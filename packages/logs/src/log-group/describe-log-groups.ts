import type { LogGroup as LogGroupOutput } from '@sagebrush/contract/logs'
import { formatArn, type LogGroup, type Scope } from '@sagebrush/core'
import { operation } from '../context.ts'
import { invalidParameter } from '../errors.ts'
import { pageOf, readToken } from '../page-token.ts'
import { groupNameOf, settingsOf } from './find-group.ts'
import type { GroupSettings } from './group-settings.ts'

export const DescribeLogGroups = operation('DescribeLogGroups', async (input, ctx) => {
  const { logGroupNamePrefix: prefix, logGroupNamePattern: pattern } = input
  if (prefix !== undefined && pattern !== undefined) {
    throw invalidParameter('LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.')
  }
  const named = input.logGroupIdentifiers?.map((it) => groupNameOf(ctx.caller, { logGroupIdentifier: it }))
  const after = input.nextToken === undefined ? undefined : readToken(input.nextToken, isName)
  const groups = (await ctx.logStore.groups(ctx.caller)).filter(
    ({ name }) =>
      (prefix === undefined || name.startsWith(prefix)) &&
      (pattern === undefined || name.includes(pattern)) &&
      (named === undefined || named.includes(name)),
  )
  const settings = new Map<string, GroupSettings>()
  if (input.logGroupClass !== undefined) {
    for (const { name } of groups) settings.set(name, await settingsOf(ctx, name))
  }
  const wanted = groups.filter(
    ({ name }) =>
      input.logGroupClass === undefined || (settings.get(name)?.logGroupClass ?? 'STANDARD') === input.logGroupClass,
  )
  // The store gives them in byte order, which is not the order of JavaScript's strings: pages go by position.
  const start = after === undefined ? 0 : wanted.findIndex(({ name }) => compareBytes(name, after) > 0)
  const page = pageOf(
    start < 0 ? [] : wanted.slice(start),
    () => true,
    input.limit ?? 50,
    ({ name }) => name,
  )
  return {
    logGroups: await Promise.all(
      page.items.map(async (group) => {
        const { logGroupName, creationTime, arn, ...more } = describeGroup(
          ctx.caller,
          group,
          await settingsOf(ctx, group.name),
        )
        // A search by pattern shows no more than these, as the API's page says.
        return { logGroupName, creationTime, arn, ...(pattern === undefined ? more : {}) }
      }),
    ),
    ...(page.nextToken === undefined ? {} : { nextToken: page.nextToken }),
  }
})

function describeGroup(scope: Scope, group: LogGroup, settings: GroupSettings): LogGroupOutput {
  const arn = formatArn('logs', scope, `log-group:${group.name}`)
  return {
    logGroupName: group.name,
    creationTime: group.created.getTime(),
    ...(group.retentionDays === undefined ? {} : { retentionInDays: group.retentionDays }),
    metricFilterCount: 0,
    arn: `${arn}:*`,
    storedBytes: group.storedBytes,
    ...(settings.kmsKeyId === undefined ? {} : { kmsKeyId: settings.kmsKeyId }),
    logGroupClass: settings.logGroupClass ?? 'STANDARD',
    logGroupArn: arn,
    deletionProtectionEnabled: settings.deletionProtection ?? false,
  }
}

function isName(value: unknown): value is string {
  return typeof value === 'string'
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

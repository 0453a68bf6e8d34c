import { type LogGroup, parseArn, type Scope } from '@sagebrush/core'
import type { LogsContext } from '../context.ts'
import { invalidParameter, noSuchGroup } from '../errors.ts'
import { type GroupSettings, NO_SETTINGS } from './group-settings.ts'

/** The name in a group's ARN (with or without the final `:*`) of the caller's own account and region. */
export function groupOfArn(scope: Scope, arn: string): string {
  const parts = parseArn(arn)
  const match = /^log-group:([^:*]+)(?::\*)?$/.exec(parts?.resource ?? '')
  if (parts?.service !== 'logs' || !match?.[1]) {
    throw invalidParameter(`The ARN ${arn} is not one of a log group (arn:aws:logs:REGION:ACCOUNT:log-group:NAME).`)
  }
  if (parts.account !== scope.account || parts.region !== scope.region) throw noSuchGroup()
  return match[1]
}

/** The group that a request names, by `logGroupName` or by `logGroupIdentifier` (a name or an ARN). */
export function groupNameOf(
  scope: Scope,
  input: { readonly logGroupName?: string; readonly logGroupIdentifier?: string },
): string {
  const { logGroupName, logGroupIdentifier } = input
  if (logGroupName !== undefined && logGroupIdentifier !== undefined) {
    throw invalidParameter('LogGroup name and LogGroup ARN are mutually exclusive parameters.')
  }
  const named = logGroupName ?? logGroupIdentifier
  if (named === undefined) throw invalidParameter('Either logGroupName or logGroupIdentifier must be specified.')
  return logGroupIdentifier?.startsWith('arn:') ? groupOfArn(scope, named) : named
}

/** The group, or AWS's error. */
export async function findGroup(ctx: LogsContext, name: string): Promise<LogGroup> {
  const group = await ctx.logStore.getGroup(ctx.caller, name)
  if (!group) throw noSuchGroup()
  return group
}

export async function settingsOf(ctx: LogsContext, group: string): Promise<GroupSettings> {
  return (await ctx.settings.get(ctx.caller, group))?.value ?? NO_SETTINGS
}

/** Changes a group's settings, again and again where another writer comes between. */
export async function changeSettings(
  ctx: LogsContext,
  group: string,
  change: (settings: GroupSettings) => GroupSettings,
): Promise<void> {
  for (;;) {
    const row = await ctx.settings.get(ctx.caller, group)
    const value = change(row?.value ?? NO_SETTINGS)
    const written = row
      ? await ctx.settings.update(ctx.caller, group, row.version, value)
      : await ctx.settings.insert(ctx.caller, group, value)
    if (written) return
  }
}

/** The time before which the group's retention hides events. */
export function retainedSince(group: LogGroup, now: Date): Date | undefined {
  if (group.retentionDays === undefined) return undefined
  return new Date(now.getTime() - group.retentionDays * 86_400_000)
}

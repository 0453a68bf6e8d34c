import { operation } from '../context.ts'
import { invalidParameter, noSuchGroup } from '../errors.ts'
import { changeSettings } from './find-group.ts'

/** Those that AWS offers, and no others. */
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
]

export const PutRetentionPolicy = operation('PutRetentionPolicy', async (input, ctx) => {
  const { logGroupName, retentionInDays } = input
  if (!RETENTION_DAYS.includes(retentionInDays)) {
    throw invalidParameter(
      `1 validation error detected: Value '${retentionInDays}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [${RETENTION_DAYS.join(', ')}]`,
    )
  }
  if (!(await ctx.logStore.setRetention(ctx.caller, logGroupName, retentionInDays))) throw noSuchGroup()
  await changeSettings(ctx, logGroupName, (settings) => ({ ...settings, retentionDays: retentionInDays }))
  return {}
})

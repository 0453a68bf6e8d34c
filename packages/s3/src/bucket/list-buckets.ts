import { operation } from '../context.ts'
import { readToken, writeToken } from '../listing/continuation.ts'
import { ownerOf } from '../owner.ts'
import { invalidArgument } from '../request-errors.ts'

const MAX_BUCKETS = 10_000

export const ListBuckets = operation('ListBuckets', async (input, ctx) => {
  const { Prefix: prefix = '', BucketRegion: region, ContinuationToken: token } = input
  const limit = input.MaxBuckets ?? MAX_BUCKETS
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_BUCKETS) {
    throw invalidArgument(`Argument max-buckets must be an integer between 1 and ${MAX_BUCKETS}`, 'max-buckets', limit)
  }
  const buckets: { Name: string; CreationDate: Date; BucketRegion: string; BucketArn: string }[] = []
  let after = token === undefined ? undefined : readToken(token)
  let more = true
  while (more && buckets.length < limit) {
    // Rows of other regions are passed over, so a page may take more than one range.
    const range = await ctx.buckets.range(ctx.scope, {
      prefix,
      limit: limit - buckets.length,
      ...(after !== undefined && { after }),
    })
    for (const entry of range.entries) {
      if (!('row' in entry)) continue
      const { name, value } = entry.row
      after = name
      if (region !== undefined && region !== value.region) continue
      buckets.push({
        Name: name,
        CreationDate: value.created,
        BucketRegion: value.region,
        BucketArn: `arn:aws:s3:::${name}`,
      })
    }
    more = range.truncated
  }
  return {
    Buckets: buckets,
    Owner: ownerOf(ctx.scope),
    ...(more && after !== undefined && { ContinuationToken: writeToken(after) }),
    ...(input.Prefix !== undefined && { Prefix: input.Prefix }),
  }
})

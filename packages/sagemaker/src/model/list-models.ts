import { operation } from '../context.ts'
import { listPage, within } from '../listing.ts'

const SUMMARY = { name: true, arn: true, created: true } as const

export const ListModels = operation('ListModels', async (input, ctx) => {
  const page = await listPage(ctx.models, SUMMARY, ctx.caller, input, {
    where: within('created', input.CreationTimeAfter, input.CreationTimeBefore, 'atLeast'),
    sortBy: input.SortBy === 'Name' ? 'name' : 'created',
    order: 'Descending',
  })
  return {
    Models: page.rows.map(({ value: model }) => ({
      ModelName: model.name,
      ModelArn: model.arn,
      CreationTime: model.created,
    })),
    ...(page.next === undefined ? {} : { NextToken: page.next }),
  }
})

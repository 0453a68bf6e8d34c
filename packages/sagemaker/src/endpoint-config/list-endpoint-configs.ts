import { operation } from '../context.ts'
import { listPage, within } from '../listing.ts'

const SUMMARY = { name: true, arn: true, created: true } as const

export const ListEndpointConfigs = operation('ListEndpointConfigs', async (input, ctx) => {
  const page = await listPage(ctx.endpointConfigs, SUMMARY, ctx.caller, input, {
    where: within('created', input.CreationTimeAfter, input.CreationTimeBefore, 'atLeast'),
    sortBy: input.SortBy === 'Name' ? 'name' : 'created',
    order: 'Descending',
  })
  return {
    EndpointConfigs: page.rows.map(({ value: config }) => ({
      EndpointConfigName: config.name,
      EndpointConfigArn: config.arn,
      CreationTime: config.created,
    })),
    ...(page.next === undefined ? {} : { NextToken: page.next }),
  }
})

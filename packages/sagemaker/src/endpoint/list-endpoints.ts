import { operation } from '../context.ts'
import { equals, listPage, within } from '../listing.ts'

const SORT = { Name: 'name', CreationTime: 'created', Status: 'status' } as const
const SUMMARY = { name: true, arn: true, created: true, modified: true, status: true } as const

export const ListEndpoints = operation('ListEndpoints', async (input, ctx) => {
  const page = await listPage(ctx.endpoints, SUMMARY, ctx.caller, input, {
    where: [
      ...within('created', input.CreationTimeAfter, input.CreationTimeBefore, 'atLeast'),
      ...within('modified', input.LastModifiedTimeAfter, input.LastModifiedTimeBefore),
      ...equals('status', input.StatusEquals),
    ],
    sortBy: SORT[input.SortBy ?? 'CreationTime'],
    order: 'Descending',
  })
  return {
    Endpoints: page.rows.map(({ value: endpoint }) => ({
      EndpointName: endpoint.name,
      EndpointArn: endpoint.arn,
      CreationTime: endpoint.created,
      LastModifiedTime: endpoint.modified,
      EndpointStatus: endpoint.status,
    })),
    ...(page.next === undefined ? {} : { NextToken: page.next }),
  }
})

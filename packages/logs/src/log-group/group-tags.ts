import { ApiError } from '@sagebrush/core'
import { type LogsContext, operation } from '../context.ts'
import { changeSettings, findGroup, groupOfArn, settingsOf } from './find-group.ts'

const MOST_TAGS = 50

async function tagGroup(ctx: LogsContext, name: string, tags: Readonly<Record<string, string>>): Promise<void> {
  const group = await findGroup(ctx, name)
  await changeSettings(ctx, group.name, (settings) => {
    const all = { ...settings.tags, ...tags }
    if (Object.keys(all).length > MOST_TAGS) {
      throw new ApiError('TooManyTagsException', `A log group can have no more than ${MOST_TAGS} tags.`)
    }
    return { ...settings, tags: all }
  })
}

async function untagGroup(ctx: LogsContext, name: string, keys: readonly string[]): Promise<void> {
  const group = await findGroup(ctx, name)
  await changeSettings(ctx, group.name, (settings) => ({
    ...settings,
    tags: Object.fromEntries(Object.entries(settings.tags).filter(([key]) => !keys.includes(key))),
  }))
}

async function tagsOf(ctx: LogsContext, name: string) {
  const group = await findGroup(ctx, name)
  return { tags: { ...(await settingsOf(ctx, group.name)).tags } }
}

export const TagResource = operation('TagResource', async (input, ctx) => {
  await tagGroup(ctx, groupOfArn(ctx.caller, input.resourceArn), input.tags)
  return {}
})

export const UntagResource = operation('UntagResource', async (input, ctx) => {
  await untagGroup(ctx, groupOfArn(ctx.caller, input.resourceArn), input.tagKeys)
  return {}
})

export const ListTagsForResource = operation('ListTagsForResource', async (input, ctx) =>
  tagsOf(ctx, groupOfArn(ctx.caller, input.resourceArn)),
)

export const TagLogGroup = operation('TagLogGroup', async (input, ctx) => {
  await tagGroup(ctx, input.logGroupName, input.tags)
  return {}
})

export const UntagLogGroup = operation('UntagLogGroup', async (input, ctx) => {
  await untagGroup(ctx, input.logGroupName, input.tags)
  return {}
})

export const ListTagsLogGroup = operation('ListTagsLogGroup', async (input, ctx) => tagsOf(ctx, input.logGroupName))

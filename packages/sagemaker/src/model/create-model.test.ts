import type { CreateModelInput } from '@sagebrush/contract/sagemaker'
import { expect, test } from 'vitest'
import { IMAGE, World } from '../testing/world.ts'

test.each<[string, Partial<CreateModelInput>]>([
  ['PrimaryContainer.Environment["B"]', { PrimaryContainer: { Image: IMAGE, Environment: { A: '1', B: 'x\0y' } } }],
  ['PrimaryContainer.Environment["A\\u0000"]', { PrimaryContainer: { Image: IMAGE, Environment: { 'A\0': '1' } } }],
  ['Containers[1].Environment["A"]', { Containers: [{ Image: IMAGE }, { Image: IMAGE, Environment: { A: '\0' } }] }],
])('a NUL in %s is refused, and nothing is recorded', async (member, more) => {
  const world = new World()
  const { CreateModel, ListModels } = world.service.operations
  await expect(CreateModel.handle({ ModelName: 'm', ...more }, world.context())).rejects.toMatchObject({
    name: 'ValidationException',
    message: `${member} has a NUL character, which no command argument or environment variable can hold: leave it out, or encode the text.`,
  })
  expect(await ListModels.handle({}, world.context())).toEqual({ Models: [] })
})

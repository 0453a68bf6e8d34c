import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadService, shapeOf } from '@sagebrush/contract'
import { expect, test } from 'vitest'

const model = loadService('sagemaker')

/** Everything that acts on a request: what only describes it has no effect. */
async function actingSources(): Promise<string> {
  const texts: string[] = []
  for await (const file of glob('**/*.ts', { cwd: import.meta.dirname })) {
    if (/\.test\.ts$|^testing\/|(^|\/)(describe|list)-/.test(file)) continue
    texts.push(await readFile(join(import.meta.dirname, file), 'utf8'))
  }
  return texts.join('\n')
}

/** Paths of members below the shape that nothing acts on and the page does not name, nor any member above them. */
function unexplained(
  name: string,
  path: string,
  sources: string,
  page: string,
  seen: readonly string[] = [],
): string[] {
  const shape = shapeOf(model, name)
  if (shape.type === 'list') return unexplained(shape.member.shape, path, sources, page, seen)
  if (shape.type !== 'structure' || seen.includes(name)) return []
  return Object.entries(shape.members).flatMap(([member, { shape: of }]) => {
    if (page.includes(`\`${member}\``)) return []
    const below = `${path}.${member}`
    if (!new RegExp(`\\b${member}\\b`).test(sources)) return [below]
    return unexplained(of, below, sources, page, [...seen, name])
  })
}

test.each([
  'CreateTrainingJobRequest',
  'CreateModelInput',
  'CreateEndpointConfigInput',
  'CreateEndpointInput',
  'UpdateEndpointInput',
  'UpdateEndpointWeightsAndCapacitiesInput',
])('each member of %s is acted on, or docs/differences-from-aws.md says that it is not', async (name) => {
  const page = await readFile(join(import.meta.dirname, '../../../docs/differences-from-aws.md'), 'utf8')
  expect(unexplained(name, name, await actingSources(), page)).toEqual([])
})

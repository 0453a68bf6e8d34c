import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadImages } from './image-table.ts'
import { compareVersions, satisfies } from './recipe.ts'

const ours = fileURLToPath(new URL('../../../images', import.meta.url))
const uri = (tag: string) => `683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:${tag}`

describe('the images of this repository', () => {
  test('answer for AWS’s addresses in any account and region', async () => {
    const images = await loadImages(ours, ['3.11.7'])
    for (const address of [
      uri('1.2-1-cpu-py3'),
      uri('1.2-1'),
      '450853457545.dkr.ecr.cn-north-1.amazonaws.com.cn/sagemaker-scikit-learn:1.2-1-cpu-py3',
      '246618743249.dkr.ecr-fips.us-west-2.amazonaws.com/sagemaker-scikit-learn:1.2-1',
      'sagemaker-scikit-learn:1.2-1',
    ]) {
      expect(images.resolve(address)).toEqual({
        kind: 'managed',
        name: 'scikit-learn',
        version: '1.2',
        reason: 'scikit-learn 1.2.2',
      })
    }
  })

  test('take the nearest version that a Python here can install, and say why', async () => {
    const images = await loadImages(ours, ['3.11.7', '3.12.1'])
    const old = images.resolve(uri('0.23-1-cpu-py3'))
    expect(old?.version).toBe('1.2')
    expect(old?.reason).toBe(
      'scikit-learn 1.2.2: version 0.23 needs Python >=3.9,<3.10, and this machine has 3.11.7, 3.12.1',
    )
    const later = images.resolve(uri('9.9-1'))
    expect(later?.version).toBe('1.5')
    expect(later?.reason).toContain('there is no recipe for version 9.9')
  })

  test('stand in for nothing else', async () => {
    const images = await loadImages(ours, ['3.11.7'])
    for (const address of [
      '683313688378.dkr.ecr.us-east-1.amazonaws.com/my-own:1.2-1',
      '683313688378.dkr.ecr.us-east-1.amazonaws.com/team/sagemaker-scikit-learn:1.2-1',
      'example.com/sagemaker-scikit-learn:1.2-1',
      `${uri('1.2-1')}@sha256:${'0'.repeat(64)}`,
    ]) {
      expect(images.resolve(address)).toBeUndefined()
    }
    expect(images.nearest('683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-lern:1')).toEqual([
      'sagemaker-scikit-learn:1.2',
    ])
    expect(images.nearest('763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.0-cpu-py310')).toEqual([])
    expect(images.offered).toContain('sagemaker-scikit-learn (0.23, 1.0, 1.2, 1.3, 1.4, 1.5)')
  })

  test('are the folders with an image.json, and no others', async () => {
    const { recipes } = await loadImages(ours, ['3.11.7'])
    expect(recipes.map(({ name }) => name)).toContain('scikit-learn')
    expect(recipes.map(({ name }) => name)).not.toContain('server')
  })

  test('have a recipe for what they resolve to', async () => {
    const images = await loadImages(ours, ['3.11.7'])
    const image = images.resolve(uri('1.2-1'))
    const found = image && images.find(image)
    expect(found?.variant.requirements).toContain('scikit-learn==1.2.2')
    expect(images.find({ name: 'scikit-learn', version: '0.1' })).toBeUndefined()
  })
})

describe('a recipe that is none', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'images-'))
    await mkdir(join(folder, 'x'))
  })
  afterAll(async () => await rm(folder, { recursive: true }))

  test.each([
    ['{"name":"y"}', '"name" must be the folder\'s name, x'],
    ['{"name":"x","framework":"f","variants":[],"answersFor":[]}', '"variants"'],
    [
      '{"name":"x","framework":"f","variants":[{"version":"1","installs":"1","python":"3"}],"answersFor":[]}',
      'constraint',
    ],
    [
      '{"name":"x","framework":"f","variants":[{"version":"1","installs":"1","python":">=3"}],"answersFor":[],"default":"2"}',
      '"default"',
    ],
  ])('%s is refused in words', async (text, words) => {
    await writeFile(join(folder, 'x/image.json'), text)
    await expect(loadImages(folder, [])).rejects.toThrow(words)
  })
})

test('versions compare by number', () => {
  expect(compareVersions('3.9', '3.11')).toBeLessThan(0)
  expect(compareVersions('3.11', '3.11.0')).toBe(0)
  expect(satisfies('3.11.7', '>=3.9,<3.12')).toBe(true)
  expect(satisfies('3.12.0', '>=3.9,<3.12')).toBe(false)
  expect(satisfies('3.9.1', '==3.9')).toBe(false)
})

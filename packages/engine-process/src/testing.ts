import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ObjectReader } from '@sagebrush/core'
import { type EngineHarness, shellCommand } from '@sagebrush/engine-kit'
import { loadImages } from '@sagebrush/managed-images'
import { openProcessEngine, type ProcessEngineOptions } from './index.ts'

export const tinyImage = { kind: 'managed', name: 'tiny', version: '1', reason: 'tiny stands in.' } as const

/** A table with one image that installs nothing: its environment takes 2 s, once per machine. */
export async function tinyImages(folder: string) {
  await mkdir(join(folder, 'tiny'), { recursive: true })
  const recipe = {
    name: 'tiny',
    framework: 'python',
    answersFor: [{ repository: '^tiny$', tag: '^(?<version>\\d+)$' }],
    variants: [{ version: '1', installs: '1', python: '>=3.9' }],
    default: '1',
    environment: { FROM_IMAGE: 'yes' },
  }
  await writeFile(join(folder, 'tiny/image.json'), JSON.stringify(recipe))
  return await loadImages(folder, ['3.9.0'])
}

/** Kept between runs; of this user alone. */
export function testCache(): string {
  return process.env.SAGEBRUSH_TEST_CACHE ?? join(homedir(), '.cache/sagebrush-test')
}

export interface ProcessHarness extends EngineHarness {
  readonly options: Omit<ProcessEngineOptions, 'objects'>
  /** The server's home as a test sees it: hidden from tasks; the engine's root lies in it. */
  readonly home: string
}

export async function processHarness(more: Partial<ProcessEngineOptions> = {}): Promise<ProcessHarness> {
  const folder = await mkdtemp(join(tmpdir(), 'engine-process-'))
  const home = join(folder, 'home')
  const root = join(home, 'tasks')
  const options = {
    root,
    cache: testCache(),
    images: await tinyImages(join(folder, 'images')),
    toolkit: fileURLToPath(new URL('../../../python/toolkit', import.meta.url)),
    hide: [home],
    variables: process.env,
    ...more,
  }
  return {
    options,
    home,
    image: tinyImage,
    command: shellCommand,
    open: async (objects: ObjectReader) => await openProcessEngine({ ...options, objects }),
    leftovers: async () => await leftovers(root),
    close: async () => await rm(folder, { recursive: true, force: true }),
  }
}

/** Processes, mounts and files that bear the root's name. */
export async function leftovers(root: string): Promise<readonly string[]> {
  const found: string[] = []
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || pid === String(process.pid)) continue
    const texts = [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`].map((path) =>
      readFile(path, 'latin1').catch(() => ''),
    )
    const [command = '', variables = ''] = await Promise.all(texts)
    if (`${command}${variables}`.includes(root)) found.push(`process ${pid}: ${command.replaceAll('\0', ' ')}`)
    if (/^(sleep\0(60|86400))\0/.test(command)) found.push(`process ${pid}: ${command.replaceAll('\0', ' ')}`)
  }
  const mounts = await readFile('/proc/self/mountinfo', 'utf8')
  found.push(...mounts.split('\n').filter((line) => line.includes(root)))
  const files = await readdir(root).catch(() => [])
  found.push(...files.filter((name) => name !== '.hints'))
  found.push(...(await readdir(join(root, '.hints')).catch(() => [])))
  return found
}

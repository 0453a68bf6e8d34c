import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ObjectReader, StagedObject, TaskSpec } from '@sagebrush/core'
import { allLines, type EngineHarness, finalState, shellCommand, testSpec } from '@sagebrush/engine-kit'
import { loadImages } from '@sagebrush/managed-images'
import { openProcessEngine, type ProcessEngine, type ProcessEngineOptions, prepareEnvironment } from './index.ts'

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
  readonly open: (objects: ObjectReader) => Promise<ProcessEngine>
}

/** A harness whose tasks have no namespaces: what they call /opt/ml is where a variable says. */
export async function bareHarness(): Promise<ProcessHarness> {
  const harness = await processHarness({ isolation: 'none' })
  const root = `"$SAGEBRUSH_ML_ROOT"'`
  return { ...harness, command: (acts) => shellCommand(acts).map((word) => word.replaceAll("'/opt/ml", root)) }
}

export async function processHarness(more: Partial<ProcessEngineOptions> = {}): Promise<ProcessHarness> {
  const folder = await mkdtemp(join(tmpdir(), 'engine-process-'))
  const home = join(folder, 'home')
  const root = join(home, 'tasks')
  const options = {
    root,
    cache: testCache(),
    homeCache: join(folder, 'home-cache'),
    images: await tinyImages(join(folder, 'images')),
    toolkit: fileURLToPath(new URL('../../../python/toolkit', import.meta.url)),
    agent: fileURLToPath(new URL('../../../python/agent', import.meta.url)),
    hide: [home],
    server: { host: '127.0.0.1', caBundle: '/nonexistent' },
    variables: process.env,
    ...more,
  }
  return {
    options,
    home,
    image: tinyImage,
    command: shellCommand,
    open: async (objects: ObjectReader) => {
      const engine = await openProcessEngine({ ...options, objects })
      // Else a test's time holds the making of the environment, and its leftovers the probe.
      const { pythons } = await engine.probe()
      if (!more.cache) await prepareEnvironment(tinyImage, { ...options, pythons })
      return engine
    },
    leftovers: async () => await leftovers(root),
    close: async () => await rm(folder, { recursive: true, force: true }),
  }
}

/** An engine with its harness, an object store of plain contents, and short ways to run things in it. */
export async function openBench(more: Partial<ProcessEngineOptions> = {}) {
  const harness = await processHarness(more)
  const blobs = join(harness.home, 'blobs')
  await mkdir(blobs, { recursive: true })
  const stored = new Map<string, readonly StagedObject[]>()
  const objects: ObjectReader = {
    async *read(_, { uri }) {
      const found = stored.get(uri) ?? []
      for (let i = 0; i < found.length; i += 1000) yield found.slice(i, i + 1000)
    },
  }
  const engine = await harness.open(objects)
  const start = async (script: string, more: Partial<TaskSpec> = {}) => {
    const spec = testSpec(tinyImage, ['/bin/bash', '-c', script], more)
    await engine.start(spec)
    return spec.id
  }
  const lines = async (id: string) => (await allLines(engine, id)).lines.map(({ message }) => message)
  return {
    harness,
    engine,
    objects,
    start,
    lines,
    /** Stores one file per name, each with the content, and says where the first is. */
    async store(uri: string, names: readonly string[], content: string): Promise<string> {
      const path = join(blobs, `blob-${stored.size}`)
      await writeFile(path, content, { mode: 0o644 })
      stored.set(
        uri,
        names.map((name) => ({ name, path, sizeBytes: name.endsWith('/') ? 0 : Buffer.byteLength(content) })),
      )
      return path
    },
    /** A channel `x` of what is stored at `uri`. */
    channel: (uri: string) =>
      [{ kind: 'objects', path: '/opt/ml/input/data/x', channel: 'x', source: { kind: 'prefix', uri } }] as const,
    async run(script: string, more: Partial<TaskSpec> = {}) {
      const id = await start(script, more)
      const state = await finalState(engine, id)
      return { id, state, lines: await lines(id) }
    },
    async close(): Promise<void> {
      for (const id of await engine.list()) await engine.remove(id)
      const left = await harness.leftovers()
      await engine.close()
      await harness.close()
      if (left.length > 0) throw new Error(`left behind: ${left.join('; ')}`)
    },
  }
}

/** Processes, mounts and files that bear the root's name. */
export async function leftovers(root: string): Promise<readonly string[]> {
  const found: string[] = []
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || pid === String(process.pid)) continue
    // A process of a task has the task's folders among its mounts, or in its variables where it has no namespace.
    const texts = ['cmdline', 'environ', 'mountinfo'].map((name) =>
      readFile(`/proc/${pid}/${name}`, 'latin1').catch(() => ''),
    )
    const [command = '', ...more] = await Promise.all(texts)
    if ([command, ...more].some((text) => text.includes(root))) {
      found.push(`process ${pid}: ${command.replaceAll('\0', ' ')}`)
    }
  }
  const mounts = await readFile('/proc/self/mountinfo', 'utf8')
  found.push(...mounts.split('\n').filter((line) => line.includes(root)))
  const files = await readdir(root).catch(() => [])
  found.push(...files.filter((name) => !name.startsWith('.hints') && name !== '.supervisors.log'))
  found.push(...(await readdir(join(root, '.hints')).catch(() => [])))
  return found
}

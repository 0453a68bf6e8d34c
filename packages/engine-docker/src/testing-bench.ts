import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ContainerImage, ObjectReader, StagedObject, TaskSpec } from '@sagebrush/core'
import { allLines, finalState, testSpec } from '@sagebrush/engine-kit'
import type { DockerEngineOptions } from './index.ts'
import { homeLabel } from './options.ts'
import { buildImage, dockerHarness, PYTHON } from './testing.ts'

/** An engine with its harness, an object store of plain contents, and short ways to run things in it. */
export async function openBench(more: Partial<DockerEngineOptions> = {}) {
  const harness = await dockerHarness(more)
  const blobs = join(dirname(harness.root), 'blobs')
  await mkdir(blobs, { recursive: true })
  const stored = new Map<string, readonly StagedObject[]>()
  const images = new Set<string>()
  const objects: ObjectReader = {
    async *read(_, { uri }) {
      yield stored.get(uri) ?? []
    },
  }
  const bench = {
    harness,
    objects,
    /** Tags that go with the bench. */
    images,
    /** What test images stand on: it has bash and Python. */
    base: PYTHON,
    /** An image that goes with the bench. */
    async image(name: string, files: Readonly<Record<string, string | Buffer>>): Promise<ContainerImage> {
      const tag = `sagebrush-test/${name}-${homeLabel(harness.root)}:1`
      images.add(tag)
      return await buildImage(harness.api, tag, files)
    },
    engine: await harness.open(objects),
    /** Stores one file per name, and says where the first is. */
    async store(uri: string, contents: Readonly<Record<string, string | Buffer>>): Promise<string> {
      const made = Object.entries(contents).map(async ([name, content], index) => {
        const path = join(blobs, `blob-${stored.size}-${index}`)
        await writeFile(path, content, { mode: 0o644 })
        return { name, path, sizeBytes: Buffer.byteLength(content) }
      })
      stored.set(uri, await Promise.all(made))
      return stored.get(uri)?.[0]?.path ?? ''
    },
    /** A channel `x` of what is stored at `uri`. */
    channel: (uri: string) =>
      [{ kind: 'objects', path: '/opt/ml/input/data/x', channel: 'x', source: { kind: 'prefix', uri } }] as const,
    async begin(image: ContainerImage, command: readonly string[], more: Partial<TaskSpec> = {}): Promise<string> {
      const spec = testSpec(image, command, more)
      await bench.engine.start(spec)
      return spec.id
    },
    start: async (script: string, more: Partial<TaskSpec> = {}) =>
      await bench.begin(harness.image as ContainerImage, ['/bin/bash', '-c', script], more),
    lines: async (id: string) => (await allLines(bench.engine, id)).lines.map(({ message }) => message),
    async end(id: string, deadlineMs?: number) {
      const state = await finalState(bench.engine, id, deadlineMs)
      return { id, state, lines: await bench.lines(id) }
    },
    run: async (script: string, more: Partial<TaskSpec> = {}, deadlineMs?: number) =>
      await bench.end(await bench.start(script, more), deadlineMs),
    /** Opens the engine again, as the next server does. */
    async reopen(): Promise<void> {
      await bench.engine.close()
      bench.engine = await harness.open(objects)
    },
    async close(): Promise<void> {
      for (const id of await bench.engine.list()) await bench.engine.remove(id)
      const left = await harness.leftovers()
      await bench.engine.close()
      await harness.close()
      for (const tag of images) await harness.api.find('DELETE', `/images/${tag}`, { query: { force: true } })
      if (left.length > 0) throw new Error(`left behind: ${left.join('; ')}`)
    },
  }
  return bench
}

export type Bench = Awaited<ReturnType<typeof openBench>>

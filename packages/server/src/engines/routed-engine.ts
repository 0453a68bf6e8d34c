import type { Engine, TaskImage } from '@sagebrush/core'

export interface RoutedEngineOptions {
  /** All of them, the one that answers for unknown tasks first. */
  readonly engines: readonly [Engine, ...Engine[]]
  /** Which of them runs an image. */
  readonly choose: (image: TaskImage) => Engine
}

/** Several engines as one: an image decides which of them gets a task, and who has a task keeps it. */
export function routedEngine({ engines, choose }: RoutedEngineOptions): Engine {
  const [first] = engines
  const holders = new Map<string, Engine>()

  async function holderOf(id: string): Promise<Engine | undefined> {
    const known = holders.get(id)
    if (known) return known
    for (const engine of engines) {
      if ((await engine.list()).includes(id)) {
        holders.set(id, engine)
        return engine
      }
    }
    return undefined
  }

  return {
    name: engines.map(({ name }) => name).join(' and '),
    networkInterface: (image) => choose(image).networkInterface(image),
    refuses: (spec) => choose(spec.image).refuses(spec),
    start: async (spec) => {
      const engine = (await holderOf(spec.id)) ?? choose(spec.image)
      await engine.start(spec)
      holders.set(spec.id, engine)
    },
    observe: async (id) => (await holderOf(id))?.observe(id) ?? { phase: 'absent' },
    stop: async (id, graceMs) => await (await holderOf(id))?.stop(id, graceMs),
    logs: async (id, cursor) => await ((await holderOf(id)) ?? first).logs(id, cursor),
    snapshot: async (id, archive) => await (await holderOf(id))?.snapshot(id, archive),
    remove: async (id) => {
      await (await holderOf(id))?.remove(id)
      holders.delete(id)
    },
    list: async () => (await Promise.all(engines.map((engine) => engine.list()))).flat().sort(),
    watch: (listener) => {
      const stops = engines.map((engine) => engine.watch(listener))
      return () => {
        for (const stop of stops) stop()
      }
    },
    close: async () => {
      await Promise.all(engines.map((engine) => engine.close()))
    },
  }
}

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testSpec, until } from '@sagebrush/engine-kit'
import { loadImages } from '@sagebrush/managed-images'
import { recordStop } from '@sagebrush/task-folder'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBench } from './testing.ts'

const endless = { kind: 'managed', name: 'endless', version: '1', reason: 'It stands in.' } as const

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'environment-orders-'))
})
afterAll(async () => await rm(folder, { recursive: true, force: true }))

/** An image with a package whose build writes its process id down, and then takes forever. */
async function endlessImages(place: string) {
  const source = join(place, 'source')
  await mkdir(source)
  const files = {
    'pyproject.toml':
      '[build-system]\nrequires = []\nbuild-backend = "endless"\nbackend-path = ["."]\n[project]\nname = "endless"\nversion = "1"\n',
    'endless.py': `import os, time
def build_wheel(*_):
    with open(${JSON.stringify(join(place, 'builds'))}, "a") as file:
        file.write("%d\\n" % os.getpid())
    time.sleep(600)
`,
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(source, name), text)
  await mkdir(join(place, 'images/endless'), { recursive: true })
  await writeFile(join(place, 'images/endless/requirements.txt'), `${source}\n`)
  const variant = { version: '1', installs: '1.0', python: '>=3.9', requirements: 'requirements.txt' }
  const recipe = { name: 'endless', framework: 'endless', answersFor: [], variants: [variant], default: '1' }
  await writeFile(join(place, 'images/endless/image.json'), JSON.stringify(recipe))
  return await loadImages(join(place, 'images'), ['3.11.0'])
}

async function endlessBench() {
  const place = await mkdtemp(join(folder, 'place-'))
  const cache = join(place, 'cache')
  const temporary = join(place, 'tmp')
  await mkdir(temporary)
  const variables = {
    PATH: process.env.PATH,
    HOME: place,
    TMPDIR: temporary,
    PIP_CONFIG_FILE: '/dev/null',
    PIP_NO_INDEX: '1',
  }
  const bench = await openBench({ images: await endlessImages(place), cache, variables })
  return {
    cache,
    temporary,
    bench,
    builds: async () => (await readFile(join(place, 'builds'), 'utf8').catch(() => '')).split('\n').filter(Boolean),
    /** Until it is said what is being made for it, or no longer than it is taken. */
    async start(seen: 'said' | 'taken' = 'said') {
      const spec = testSpec(endless, ['true'])
      await bench.engine.start(spec)
      await until(seen, async () => {
        const state = await bench.engine.observe(spec.id)
        return (state.phase === 'preparing' && (seen === 'taken' || state.message !== '')) || undefined
      })
      return spec.id
    },
  }
}

/** Processes that have the folder of temporary files in their variables. */
async function processesOf(temporary: string) {
  const found = (await readdir('/proc')).map(async (pid) => {
    const variables = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')
    return variables.includes(`TMPDIR=${temporary}\0`) ? [pid] : []
  })
  return (await Promise.all(found)).flat()
}

async function commandsOf(temporary: string) {
  const lines = (await processesOf(temporary)).map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''))
  return (await Promise.all(lines)).map((line) => line.replaceAll('\0', ' '))
}

async function makerOf(temporary: string): Promise<number> {
  for (const pid of await processesOf(temporary))
    if ((await readFile(`/proc/${pid}/cmdline`, 'utf8')).includes('environment.py')) return Number(pid)
  throw new Error('nobody makes it')
}

async function groupOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]
}

test('the making of an environment ends with the last task that waits for it, and leaves nothing', {
  timeout: 120_000,
}, async () => {
  const { cache, temporary, bench, builds, start } = await endlessBench()
  try {
    const [first, second] = [await start(), await start()]
    await until('a build', async () => (await builds()).length > 0 || undefined, 60_000)
    await bench.engine.stop(first, 60_000)
    expect(await processesOf(temporary)).toContain((await builds())[0])
    await bench.engine.stop(second, 60_000)
    expect(await processesOf(temporary)).toEqual([])
    expect(await readdir(temporary)).toEqual([])
    expect((await readdir(join(cache, 'environments'))).filter((name) => !name.endsWith('.lock'))).toEqual([])
    for (const id of [first, second])
      expect(await bench.engine.observe(id)).toMatchObject({ phase: 'ended', exit: { stopped: true } })
    // Both waited for one; who comes later has it made anew, until it is removed.
    expect(await builds()).toHaveLength(1)
    const third = await start()
    await until('another build', async () => (await builds()).length > 1 || undefined, 60_000)
    await bench.engine.remove(third)
    expect(await processesOf(temporary)).toEqual([])
  } finally {
    await bench.close()
  }
})

test('a task that is stopped before anything is known of its environment ends soon', { timeout: 60_000 }, async () => {
  const { temporary, bench, start } = await endlessBench()
  try {
    const id = await start('taken')
    await bench.engine.stop(id, 60_000)
    await until('the end', async () => (await bench.engine.observe(id)).phase === 'ended' || undefined, 10_000)
    expect(await bench.engine.observe(id)).toMatchObject({ phase: 'ended', exit: { stopped: true } })
    expect(await processesOf(temporary)).toEqual([])
  } finally {
    await bench.close()
  }
})

test('a second one who waits hears at once what the first has heard last', { timeout: 120_000 }, async () => {
  const { temporary, bench, builds } = await endlessBench()
  try {
    const leaving = new AbortController()
    const heard: Record<'first' | 'second', string[]> = { first: [], second: [] }
    const wait = (who: 'first' | 'second') =>
      bench.engine.environment(endless, (message) => heard[who].push(message), leaving.signal).catch(() => {})
    const waiting = [wait('first')]
    await until('a build', async () => (await builds()).length > 0 || undefined, 60_000)
    // Right after a word, so that the next one is seconds away.
    const before = heard.first.length
    await until('a word', async () => heard.first.length > before || undefined)
    const known = heard.first.length
    waiting.push(wait('second'))
    await until('a word for the second', async () => heard.second.length > 0 || undefined)
    expect(heard.second).toEqual([heard.first.at(-1)])
    expect(heard.first).toHaveLength(known)
    leaving.abort()
    await Promise.all(waiting)
  } finally {
    for (const pid of await processesOf(temporary)) process.kill(Number(pid), 'SIGKILL')
    await bench.close()
  }
})

test('one who has left before it is known that there is none has none made', { timeout: 60_000 }, async () => {
  const { cache, temporary, bench } = await endlessBench()
  try {
    const left = AbortSignal.abort(new Error('has left'))
    const asked = bench.engine.environment(endless, () => {}, left)
    const patience = new Promise((_, reject) => setTimeout(() => reject(new Error('still waits')), 10_000).unref())
    await expect(Promise.race([asked, patience])).rejects.toThrow('has left')
    expect(await processesOf(temporary)).toEqual([])
    expect(await readdir(join(cache, 'environments')).catch(() => [])).toEqual([])
  } finally {
    for (const pid of await processesOf(temporary)) process.kill(Number(pid), 'SIGKILL')
    await bench.close()
  }
})

test('what makes it ends with its maker, however that ends', { timeout: 120_000 }, async () => {
  const { temporary, bench, builds, start } = await endlessBench()
  try {
    const id = await start()
    await until('a build', async () => (await builds()).length > 0 || undefined, 60_000)
    const maker = await makerOf(temporary)
    process.kill(maker, 'SIGKILL')
    await until('the failure', async () => (await bench.engine.observe(id)).phase === 'failed' || undefined)
    // pip; what it has started (the package's own build) does not write into the environment.
    const pipIsGone = async () => !(await commandsOf(temporary)).some((line) => line.includes(' install ')) || undefined
    await until('the end of pip', pipIsGone, 10_000)
  } finally {
    for (const pid of await processesOf(temporary)) process.kill(Number(pid), 'SIGKILL')
    await bench.close()
  }
})

test('a task that was to stop when its server ended is not taken up by the next one', { timeout: 60_000 }, async () => {
  const { temporary, bench, start } = await endlessBench()
  try {
    const id = await start()
    await bench.engine.close()
    for (const pid of await processesOf(temporary)) process.kill(Number(pid), 'SIGKILL')
    await recordStop(join(bench.harness.home, 'tasks'), id, 60_000)
    const next = await bench.harness.open(bench.objects)
    expect(await next.observe(id)).toMatchObject({ phase: 'ended', exit: { stopped: true } })
    expect(await processesOf(temporary)).toEqual([])
    await next.remove(id)
    await next.close()
  } finally {
    await bench.close()
  }
})

test('it goes on when its server ends, and the next one waits for it', { timeout: 120_000 }, async () => {
  const { temporary, bench, builds, start } = await endlessBench()
  try {
    const waits = await start()
    await until('a build', async () => (await builds()).length > 0 || undefined, 60_000)
    // A terminal's ^C goes to the server's whole group.
    expect(await groupOf(await makerOf(temporary))).not.toBe(await groupOf(process.pid))
    await bench.engine.close()
    expect(await processesOf(temporary)).toContain((await builds())[0])
    const next = await bench.harness.open(bench.objects)
    await until('waiting', async () => {
      const state = await next.observe(waits)
      return (state.phase === 'preparing' && /waiting for another/.test(state.message)) || undefined
    })
    await next.remove(waits)
    await next.close()
    expect(await builds()).toHaveLength(1)
  } finally {
    for (const pid of await processesOf(temporary)) process.kill(Number(pid), 'SIGKILL')
    await bench.close()
  }
})

import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { finalState, until } from '@sagebrush/engine-kit'
import { loadImages } from '@sagebrush/managed-images'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EnvironmentError, type EnvironmentOptions, prepareEnvironment } from './environment.ts'
import { pythonProblem } from './probe.ts'
import { findPythons, type Python } from './pythons.ts'
import { openBench, tinyImages } from './testing.ts'

const run = promisify(execFile)

/** A wheel made by hand, so that nothing is asked of any index. */
const makeWheel = `
import sys, zipfile
name, version, folder = sys.argv[1:]
info = '%s-%s.dist-info/' % (name, version)
with zipfile.ZipFile('%s/%s-%s-py3-none-any.whl' % (folder, name, version), 'w') as wheel:
    wheel.writestr(name + '.py', 'version = %r\\ndef main(): print("from the script", version)\\n' % version)
    wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: %s\\nVersion: %s\\n' % (name, version))
    wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr(info + 'entry_points.txt', '[console_scripts]\\n%s = %s:main\\n' % (name, name))
    wheel.writestr(info + 'RECORD', '')
`

let folder: string
let pythons: readonly Python[]
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'environments-'))
  await mkdir(join(folder, 'wheels'))
  for (const version of ['1.0', '2.0'])
    await run('python3', ['-c', makeWheel, 'pearl', version, join(folder, 'wheels')])
  pythons = await findPythons(process.env.PATH ?? '')
})
afterAll(async () => await rm(folder, { recursive: true, force: true }))

/** The order for an image that installs the requirements, from the wheels beside it and from nowhere else. */
async function order(requirements: string, more: Partial<EnvironmentOptions> = {}) {
  const images = join(folder, `images-${(await readdir(folder)).length}`)
  await mkdir(join(images, 'pearls'), { recursive: true })
  await writeFile(join(images, 'pearls/requirements.txt'), requirements)
  const variant = { version: '1', installs: '1.0', python: '>=3.9', requirements: 'requirements.txt' }
  const recipe = { name: 'pearls', framework: 'pearl', answersFor: [], variants: [variant], default: '1' }
  await writeFile(join(images, 'pearls/image.json'), JSON.stringify(recipe))
  return {
    cache: join(folder, 'cache'),
    images: await loadImages(images, ['3.11.0']),
    pythons,
    agent: fileURLToPath(new URL('../../../python/agent', import.meta.url)),
    variables: {
      PATH: process.env.PATH,
      HOME: folder,
      PYTHONDONTWRITEBYTECODE: '1',
      PIP_CONFIG_FILE: '/dev/null',
      PIP_NO_INDEX: '1',
      PIP_FIND_LINKS: join(folder, 'wheels'),
    },
    ...more,
  }
}
const image = { name: 'pearls', version: '1' }

describe('an environment', () => {
  test('is made once by several at once, with its bytecode, and told as it goes', { timeout: 120_000 }, async () => {
    const options = await order('pearl==1.0\n')
    const told: string[] = []
    const made = await Promise.all([1, 2].map(() => prepareEnvironment(image, options, (line) => told.push(line))))
    expect(made[0]?.folder).toBe(made[1]?.folder)
    const python = join(made[0]?.folder ?? '', 'bin/python')
    expect((await run(python, ['-c', 'import pearl; print(pearl.version)'])).stdout).toBe('1.0\n')
    const doing = told.map((line) => /^Making the environment of pearls 1: (.+) \(\d+ s\)$/.exec(line)?.[1])
    expect(doing.filter((what) => what === 'installing 1 package').length).toBeGreaterThan(0)
    expect(new Set(doing)).toEqual(
      new Set([
        'preparing Python',
        'waiting for another process that makes it',
        'looking for packages',
        ...doing.filter((what) => what === 'fetching packages, 1 so far'),
        'installing 1 package',
      ]),
    )
    const compiled = await run('find', [made[0]?.folder ?? '', '-name', 'pearl.*.pyc'])
    expect(compiled.stdout).not.toBe('')

    const before = Date.now()
    await prepareEnvironment(image, options)
    expect(Date.now() - before).toBeLessThan(1000)
  })

  test('that was left half-built is built anew', { timeout: 120_000 }, async () => {
    const options = await order('pearl==1.0\n')
    const { folder: place } = await prepareEnvironment(image, options)
    await rm(join(place, 'sagebrush-ready.json'))
    await rm(join(place, 'bin'), { recursive: true })
    await writeFile(join(place, 'leftover'), 'x')
    await prepareEnvironment(image, options)
    await stat(join(place, 'bin/python'))
    await expect(stat(join(place, 'leftover'))).rejects.toThrow('ENOENT')
  })

  test('says how long it takes while pip says nothing', { timeout: 120_000 }, async () => {
    // A package that is built from its source, silently and for longer than between two words about it.
    const source = join(folder, 'slow')
    await mkdir(source)
    await writeFile(join(source, 'setup.py'), 'raise SystemExit("not this way")')
    await writeFile(
      join(source, 'pyproject.toml'),
      '[build-system]\nrequires = []\nbuild-backend = "slow"\nbackend-path = ["."]\n[project]\nname = "slow"\nversion = "1"\n',
    )
    await writeFile(
      join(source, 'slow.py'),
      'import time\ndef build_wheel(*_):\n    time.sleep(4.5)\n    raise SystemExit("gave up slowly")\n',
    )
    const told: string[] = []
    const label = 'pearls 1'
    const failed = prepareEnvironment(image, await order(`${source}\n`), (line) => told.push(line))
    await expect(failed).rejects.toThrow(EnvironmentError)
    const seconds = told.flatMap((line) => {
      expect(line.length).toBeLessThanOrEqual(100)
      expect(line).not.toContain(folder)
      return Number(new RegExp(`^Making the environment of ${label}: .+ \\((\\d+) s\\)$`).exec(line)?.[1])
    })
    expect(seconds.every((value, index) => value >= (seconds[index - 1] ?? 0))).toBe(true)
    expect(new Set(seconds).size).toBeGreaterThan(2)
    expect(seconds.at(-1)).toBeGreaterThan(3)
  })

  test('that pip cannot make fails in pip’s words', { timeout: 120_000 }, async () => {
    const failed = prepareEnvironment(image, await order('pearl==7.7\n'))
    await expect(failed).rejects.toThrow(EnvironmentError)
    await expect(failed).rejects.toThrow('No matching distribution found for pearl==7.7')
  })

  test('that pip cannot make for want of its index says so, and what to set', { timeout: 120_000 }, async () => {
    const options = await order('pearl==7.7\n')
    const { PIP_NO_INDEX, ...variables } = options.variables
    // Nothing listens there.
    const unreachable = { ...variables, PIP_INDEX_URL: 'http://127.0.0.1:1/simple', PIP_RETRIES: '1' }
    const failed = prepareEnvironment(image, { ...options, variables: unreachable })
    await expect(failed).rejects.toThrow(
      /^pip cannot reach its package index: .*PIP_INDEX_URL.*HTTPS_PROXY.*PIP_CERT.*\.\nERROR: Could not find a version.*\nERROR: No matching distribution found for pearl==7\.7$/,
    )
  })

  test('that no Python here can have is refused, with what to do', async () => {
    const bare: Python = { path: '/usr/bin/python3', version: '3.11.2', base: '/usr', missing: ['ensurepip'] }
    await expect(prepareEnvironment(image, await order('', { pythons: [bare] }))).rejects.toThrow(
      '/usr/bin/python3 has no ensurepip module: install it (Debian, Ubuntu: apt-get install python3-venv).',
    )
    expect(pythonProblem([])).toContain('No python3 (3.9 or later) is on PATH')
    const old: Python = { ...bare, version: '3.8.1', missing: [] }
    await expect(prepareEnvironment(image, await order('', { pythons: [old] }))).rejects.toThrow(
      'pearls 1 needs Python >=3.9; this machine has 3.8.1.',
    )
  })
})

test('a task waits for its environment, says so, and may be stopped meanwhile', { timeout: 120_000 }, async () => {
  const fresh = await openBench({ cache: join(folder, 'fresh-cache') })
  try {
    const seen = new Set<string>()
    fresh.engine.watch(async (id) => {
      const state = await fresh.engine.observe(id)
      if (state.phase === 'preparing') seen.add(state.message)
    })
    const [waits, stopped] = [await fresh.start('echo ran'), await fresh.start('echo never')]
    await until('preparing', async () => {
      const state = await fresh.engine.observe(stopped)
      return state.phase === 'preparing' || undefined
    })
    await fresh.engine.stop(stopped, 60_000)
    const end = await fresh.engine.observe(stopped)
    expect(end).toMatchObject({ phase: 'ended', exit: { signal: 'SIGTERM', stopped: true }, outputs: [] })
    expect(await finalState(fresh.engine, waits, 90_000)).toMatchObject({ phase: 'ended', lastLines: ['ran'] })
    expect([...seen].some((message) => message.startsWith('Making the environment of tiny 1: preparing Python'))).toBe(
      true,
    )
  } finally {
    await fresh.close()
  }
})

test('what a task installs is its own', async () => {
  const bench = await openBench({
    images: await tinyImages(join(folder, 'tiny-images')),
    variables: {
      ...process.env,
      PIP_CONFIG_FILE: '/dev/null',
      PIP_NO_INDEX: '1',
      PIP_FIND_LINKS: join(folder, 'wheels'),
    },
    hide: [],
  })
  try {
    // The wheels lie in /tmp, which a task has for itself: they come as a channel.
    const uri = 's3://wheels/'
    const blob = await bench.store(uri, ['pearl-2.0-py3-none-any.whl'], '')
    await run('cp', [join(folder, 'wheels/pearl-2.0-py3-none-any.whl'), blob])
    const { lines } = await bench.run(
      'pip install -q /opt/ml/input/data/x/*.whl && pearl && python -c "import pearl; print(pearl.__file__)"',
      { inputs: bench.channel(uri) },
    )
    expect(lines[0]).toBe('from the script 2.0')
    expect(lines[1]).toContain('site-packages/pearl.py')
    expect((await bench.run('python -c "import pearl"')).lines.at(-1)).toContain('No module named')
  } finally {
    await bench.close()
  }
})

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { leftBehind, run } from '@sagebrush/dev-env'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from '../set-up/node-modules.mjs'
import { requires } from '../test/requires.ts'

const MOST_BYTES = 15 * 1024 ** 2

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'packed-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What a user's shell has, proxies and certificates included, and nothing of the checkout or of what runs this test. */
function environment(): Record<string, string | undefined> {
  const { SAGEBRUSH_CACHE, PATH = '' } = process.env
  const others = Object.entries(process.env).filter(
    ([name]) => !/^(SAGEBRUSH_|npm_|INIT_CWD|VITEST|NODE_OPTIONS)/.test(name),
  )
  return {
    ...Object.fromEntries(others),
    SAGEBRUSH_CACHE,
    PATH: PATH.split(delimiter)
      .filter((each) => !each.startsWith(root))
      .join(delimiter),
    TMPDIR: join(folder, 'tmp'),
    SAGEBRUSH_HOME: join(folder, 'home'),
    SAGEBRUSH_PORT: '0',
  }
}

async function expectToWork(program: string, args: readonly string[]): Promise<string> {
  const done = await run(program, args, environment())
  expect(done.code, `${program} ${args.join(' ')}\n${done.stderr}${done.stdout}`).toBe(0)
  return done.stdout
}

const install = (where: string, ...packages: string[]) =>
  expectToWork('npm', ['install', '--prefix', where, '--no-audit', '--no-fund', '--ignore-scripts=false', ...packages])

test('the package installs into an empty folder and works without a checkout', {
  timeout: 600_000,
}, async (context) => {
  requires(context, 'npm-registry', 'python3-venv', 'pypi')
  for (const name of ['tmp', 'place', 'old']) mkdirSync(join(folder, name))
  const packed = await run('npm', ['run', '--silent', '--prefix', root, 'pack', '--', '--out', folder], process.env)
  expect(packed.code, packed.stderr).toBe(0)
  console.log(packed.stdout.trim())
  expect(packed.stdout).toMatch(/^Compiling .*\nLaying out .*\n.*\.tgz: .*\n$/)
  const tarball = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '')
  expect(statSync(tarball).size).toBeLessThanOrEqual(MOST_BYTES)

  const place = join(folder, 'place')
  await install(place, tarball)
  const installedFiles = readdirSync(join(place, 'node_modules/sagebrush'), { recursive: true, encoding: 'utf8' })
  expect(installedFiles.filter((name) => /\.(test\.js|tsbuildinfo|map)$|(?<!\.d)\.ts$/.test(name))).toEqual([])

  // What its pages link to is in it.
  const links = installedFiles
    .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
    .flatMap((name) => {
      const page = join(place, 'node_modules/sagebrush', name)
      const targets = readFileSync(page, 'utf8').matchAll(/\]\((?!#|https?:)([^)#\s]+)/g)
      return Array.from(targets, ([, target = '']) => join(dirname(page), target))
    })
  expect(links.length).toBeGreaterThan(10)
  expect(links.filter((path) => !existsSync(path))).toEqual([])

  // A Node that is too old is told so in one sentence, and works once a newer one is installed beside the package.
  await install(join(folder, 'old'), 'node@20')
  const oldNode = join(folder, 'old/node_modules/node/bin/node')
  const command = join(place, 'node_modules/sagebrush/bin/sagebrush.mjs')
  const refused = await run(oldNode, [command, 'status'], environment())
  expect([refused.code, refused.stdout]).toEqual([1, ''])
  expect(refused.stderr).toMatch(
    /^sagebrush needs Node\.js 24 or newer, and this is v20\.[\d.]+: install it from nodejs\.org, or .*\.\n$/,
  )
  const byNpx = await run(oldNode, [command, 'status'], { ...environment(), npm_command: 'exec' })
  expect(byNpx.stderr).toMatch(/, or let npx bring it \(npx -p node@24 -p PACKAGE sagebrush …, .*\)\.\n$/)
  await install(place, 'node@24')
  expect(await expectToWork(oldNode, [command, 'doctor'])).toMatch(/^ok {4}node +24\./)

  const sagebrush = (...words: string[]) =>
    expectToWork('npx', ['--prefix', place, '--no-install', 'sagebrush', ...words])
  expect(await sagebrush('up', '-d')).toMatch(/^Sagebrush answers at http:\/\/127\.0\.0\.1:\d+/)
  const { pid } = JSON.parse(readFileSync(join(folder, 'home/server.json'), 'utf8'))
  const running = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  expect(running).toContain(place)
  expect(running).not.toContain(root)
  expect(await sagebrush('doctor')).toMatch(/ok {4}server +runs at http/)
  const demo = await sagebrush('demo')
  expect(demo).toContain('| training script started')
  expect(Number(/test:accuracy +([\d.]+)\n/.exec(demo)?.[1])).toBeGreaterThan(0.9)
  expect(demo).toMatch(/predictions +([012] ){10}…/)
  expect(await sagebrush('down')).toMatch(/^Stopped\./)
  expect(await leftBehind(folder)).toEqual([])
})

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const tools = fileURLToPath(new URL('..', import.meta.url))
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sagebrush-set-up-'))
  cpSync(join(tools, 'with-setup.mjs'), join(folder, 'tools/with-setup.mjs'))
  cpSync(join(tools, 'set-up'), join(folder, 'tools/set-up'), { recursive: true })
  writeFileSync(join(folder, 'package-lock.json'), '{ "packages": {} }')
  writeFileSync(join(folder, 'script.mjs'), 'console.log("the script ran")')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const lock = () => join(folder, '.cache/set-up.lock')

/** The set-up of the folder, with a program of the test's in npm's place. */
function setUp(npm: string) {
  writeFileSync(join(folder, 'npm.js'), npm)
  const env = { ...process.env, npm_execpath: join(folder, 'npm.js'), FOLDER: folder, NODE: process.execPath }
  return { args: [join(folder, 'tools/with-setup.mjs'), 'script.mjs'], env }
}

const linkNode = `
  fs.mkdirSync(process.env.FOLDER + '/node_modules/node/bin', { recursive: true })
  fs.symlinkSync(process.env.NODE, process.env.FOLDER + '/node_modules/node/bin/node')`

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // One that has ended and that process 1 has not reaped.
    return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s ends npm and all that it started, and the lock is held until then',
  async (signal) => {
    // What it started takes a while to end, and then writes whether the lock was still there.
    const child = `
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => setTimeout(() => {
        const fs = require('node:fs')
        fs.writeFileSync(process.env.FOLDER + '/last', name + ' ' + fs.existsSync(process.env.FOLDER + '/.cache/set-up.lock'))
        process.exit()
      }, 500))
      setInterval(() => {}, 1000)
      require('node:fs').writeFileSync(process.env.FOLDER + '/pid', String(process.pid))`
    const { args, env } = setUp(
      `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'inherit' })`,
    )
    const command = spawn(process.execPath, args, { env, stdio: 'ignore' })
    const ended = once(command, 'exit')
    const started = () => Number(existsSync(join(folder, 'pid')) && readFileSync(join(folder, 'pid'), 'utf8'))
    await expect.poll(started, { timeout: 20_000 }).toBeGreaterThan(1)
    command.kill(signal)
    expect(await ended).toEqual([null, signal])
    expect(readFileSync(join(folder, 'last'), 'utf8')).toBe(`${signal} true`)
    expect([isThere(started()), existsSync(lock())]).toEqual([false, false])
  },
)

test('npm ci is tried once more after ENOTEMPTY', () => {
  const { args, env } = setUp(`
    const fs = require('node:fs')
    fs.appendFileSync(process.env.FOLDER + '/tries', '.')
    if (fs.readFileSync(process.env.FOLDER + '/tries', 'utf8') === '.') {
      console.error('npm error code ENOTEMPTY')
      process.exit(190)
    }
    ${linkNode}`)
  const done = spawnSync(process.execPath, args, { env, encoding: 'utf8' })
  expect([done.status, done.stdout]).toEqual([0, 'the script ran\n'])
  expect(readFileSync(join(folder, 'tries'), 'utf8')).toBe('..')
  expect(readdirSync(join(folder, '.cache'))).toEqual([])
})

test('and not a third time', () => {
  const { args, env } = setUp(`
    require('node:fs').appendFileSync(process.env.FOLDER + '/tries', '.')
    console.error('npm error code ENOTEMPTY')
    process.exit(190)`)
  const done = spawnSync(process.execPath, args, { env, encoding: 'utf8' })
  expect([done.status, done.stderr]).toEqual([1, expect.stringContaining('ENOTEMPTY')])
  expect(readFileSync(join(folder, 'tries'), 'utf8')).toBe('..')
})

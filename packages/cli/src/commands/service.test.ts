import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run, until } from '@sagebrush/dev-env'
import { runningServer } from '@sagebrush/server/client'
import { requires } from '@sagebrush/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemdUnit } from '../systemd-unit.ts'

const cli = fileURLToPath(new URL('../../bin/sagebrush.mjs', import.meta.url))

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'service-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('the unit starts the server with the settings that it was printed with', async () => {
  const home = join(folder, 'a home')
  const printed = await run(process.execPath, [cli, 'service', '--port', '0', '--region', 'eu-west-3'], {
    PATH: process.env.PATH,
    SAGEBRUSH_HOME: home,
  })
  expect(printed.code, printed.stderr).toBe(0)
  expect(printed.stdout).toContain('\nKillMode=process\n')
  // As systemd reads it; nothing here needs more than the quotes taken off.
  const values = (key: string) =>
    printed.stdout
      .split('\n')
      .filter((line) => line.startsWith(`${key}=`))
      .map((line) => [...line.slice(key.length + 1).matchAll(/"([^"]*)"/g)].map(([, word = '']) => word))
  const environment = Object.fromEntries(values('Environment').map(([word = '']) => word.split(/=(.*)/s).slice(0, 2)))
  const [program = '', ...args] = values('ExecStart')[0] ?? []
  const server = spawn(program, args, { env: environment, stdio: 'ignore' })
  const ended = once(server, 'exit')
  try {
    const record = await until(30_000, async () => runningServer(home))
    expect(record.pid).toBe(server.pid)
    const status = await run(process.execPath, [cli, 'status', '--json'], environment)
    expect(JSON.parse(status.stdout)).toMatchObject({ running: true, region: 'eu-west-3', home })
  } finally {
    server.kill('SIGTERM')
  }
  expect(await ended).toEqual([0, null])
})

test('systemd takes the unit, for the system and for a user', (context) => {
  requires(context, 'systemd-analyze')
  const environment = { SAGEBRUSH_HOME: '/srv/100 % "mine" $HOME', PATH: process.env.PATH ?? '' }
  for (const more of [{ systemUser: 'root' }, {}]) {
    const file = join(folder, 'sagebrush.service')
    writeFileSync(file, systemdUnit({ command: [process.execPath, cli, 'up'], environment, ...more }))
    const done = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' })
    expect({ status: done.status, said: done.stderr }).toEqual({ status: 0, said: '' })
    // It does find what is wrong.
    writeFileSync(
      file,
      systemdUnit({ command: ['/no/such/program'], environment, ...more }).replace('KillMode', 'KillMood'),
    )
    const wrong = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' })
    expect(wrong.stderr).toMatch(/KillMood.*\n.*no\/such\/program/s)
  }
})

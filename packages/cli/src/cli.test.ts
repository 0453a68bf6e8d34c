import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  defineModel,
  leftBehind,
  linesOf,
  openClients,
  run,
  type ServerProcess,
  startJob,
  startServerProcess,
  until,
  untilInService,
} from '@sagebrush/dev-env'
import { lacking } from '@sagebrush/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { version } from './version.ts'

const cli = fileURLToPath(new URL('../bin/sagebrush.mjs', import.meta.url))

describe('with a server', () => {
  let server: ServerProcess
  beforeAll(async () => {
    server = await startServerProcess()
  })
  afterAll(() => server.close())

  test('status says where it runs, and nothing secret', async () => {
    const status = JSON.parse((await server.sagebrush(['status', '--json'])).stdout)
    expect(status).toMatchObject({
      running: true,
      home: server.home,
      engine: expect.stringMatching(/^process/),
      tasks: 0,
    })
    expect(JSON.stringify(status)).not.toMatch(/secret/i)
    if (lacking('docker')) expect(status.engine).not.toContain(' and docker')
    const health = (await (await fetch(`${status.url}/_sagebrush/health`)).json()) as { status: string }
    expect(health.status).toBe('ok')
    expect((await fetch(`${status.url}/_sagebrush/status`)).status).toBe(403)
  })

  test('status lists what runs, and down --all ends it with the server', { timeout: 120_000 }, async () => {
    const other = await startServerProcess()
    const clients = await openClients(other)
    await defineModel(clients, 'answers', 'def model_fn(folder): return 1\n')
    await clients.sagemaker.createEndpoint({ EndpointName: 'answers', EndpointConfigName: 'answers' })
    await defineModel(clients, 'slow', 'import time\ndef model_fn(folder): time.sleep(600)\n')
    await clients.sagemaker.createEndpoint({ EndpointName: 'slow', EndpointConfigName: 'slow' })
    await startJob(clients, 'sleeps', 'import time\nprint("begun", flush=True)\ntime.sleep(600)\n')
    await untilInService(clients, 'answers')
    await until(60_000, async () =>
      (await linesOf(clients, 'sleeps').catch((): readonly string[] => [])).includes('begun') ? true : undefined,
    )
    const stdout = await until(60_000, async () => {
      const status = await other.sagebrush(['status'])
      return status.stdout.includes('waits for') ? status.stdout : undefined
    })
    expect(stdout).toMatch(
      /\n {2}endpoint slow +Creating +since \S+ \S+ +waits for \/ping to answer 200 since \S+ \S+: .*\n/,
    )
    expect(stdout).toMatch(/\n {2}endpoint answers +InService +since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\n/)
    expect(stdout).toMatch(/\n {2}training job sleeps +Training +since /)
    const down = await other.sagebrush(['down', '--all'])
    expect(down.code, down.stderr).toBe(0)
    for (const line of ['Stopping training job sleeps …', 'Stopped training job sleeps.', 'Deleted endpoint answers.'])
      expect(down.stdout).toContain(`${line}\n`)
    expect(down.stdout).toMatch(/\nStopped\. Its state stays in .*\.\n$/)
    expect((await other.sagebrush(['status'])).code).toBe(3)
    expect(await leftBehind(other.home)).toEqual([])
    await other.close()
  })

  test('status says that there is no container engine where none answers', async () => {
    const alone = await startServerProcess({ DOCKER_HOST: 'unix:///nonexistent/docker.sock' })
    const { engine } = JSON.parse((await alone.sagebrush(['status', '--json'])).stdout)
    await alone.close()
    expect(engine).toBe('process. No container engine answers at /nonexistent/docker.sock: ENOENT.')
  })

  test('a second server on the home is told who holds it', async () => {
    const detached = await server.sagebrush(['up', '-d'])
    expect(detached.code).toBe(0)
    expect(detached.stdout).toMatch(/^A server runs on .* already \(process \d+\)\.\nSagebrush answers at http:/)
    const { port } = new URL(server.url)
    for (const words of [
      ['--port', '1'],
      ['--host', '::1'],
    ] as const) {
      const other = await server.sagebrush(['up', '-d', ...words])
      expect([other.code, other.stderr]).toEqual([1, expect.stringContaining(`and ${words.join(' ')} was not applied`)])
    }
    expect((await server.sagebrush(['up', '-d', '--port', port])).code).toBe(0)
    const foreground = await server.sagebrush(['up'])
    expect(foreground.code).toBe(1)
    expect(foreground.stderr).toMatch(/is held by the server with process id \d+ at http:.*sagebrush down/)
  })

  test('run passes arguments, output, exit status and signals on', async () => {
    const words = await server.sagebrush([
      'run',
      '--',
      'node',
      '-e',
      'console.log(process.argv[1]); process.exit(7)',
      '--',
      '--plain',
    ])
    expect([words.stdout, words.code]).toEqual(['--plain\n', 7])
    const killed = await server.sagebrush(['run', '--', 'sh', '-c', 'kill -TERM $$'])
    expect(killed.code).toBe(143)
    const missing = await server.sagebrush(['run', '--', 'no-such-program'])
    expect([missing.code, missing.stderr]).toEqual([127, 'no-such-program cannot be run: no such program\n'])
  })

  test('run says of what is in no folder of PATH that it is not there, and of what cannot be run why', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'path-'))
    // Of a folder in its place the system says the same as of a program in a folder that cannot be read: EACCES.
    mkdirSync(join(folder, 'no-such-program'))
    writeFileSync(join(folder, 'text'), 'no program')
    const path = { PATH: `${folder}:${process.env.PATH}` }
    const missing = await server.sagebrush(['run', '--', 'no-such-program'], path)
    expect([missing.code, missing.stderr]).toEqual([127, 'no-such-program cannot be run: no such program\n'])
    const text = await server.sagebrush(['run', '--', 'text'], path)
    expect([text.code, text.stderr]).toEqual([126, 'text cannot be run: spawn text EACCES\n'])
    rmSync(folder, { recursive: true })
  })

  test("a program under run sees our keys and settings, and none of the user's", async () => {
    const foreign = {
      AWS_ACCESS_KEY_ID: 'AKIAFOREIGN',
      AWS_SECRET_ACCESS_KEY: 'foreign',
      AWS_SESSION_TOKEN: 'foreign',
      AWS_PROFILE: 'foreign',
      AWS_ENDPOINT_URL_S3: 'https://foreign',
      AWS_BEARER_TOKEN_BEDROCK: 'foreign',
      NO_PROXY: 'intranet',
    }
    const { stdout } = await server.sagebrush(['run', '--', 'env'], foreign)
    expect(stdout).not.toContain('oreign')
    const seen = Object.fromEntries(stdout.split('\n').map((line) => line.split(/=(.*)/s).slice(0, 2)))
    expect(seen.AWS_ENDPOINT_URL).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(seen.NO_PROXY).toBe('intranet,127.0.0.1,localhost,::1')
    expect(readFileSync(seen.AWS_SHARED_CREDENTIALS_FILE ?? '', 'utf8')).toContain(seen.AWS_ACCESS_KEY_ID)
    const bundle = readFileSync(seen.AWS_CA_BUNDLE ?? '', 'utf8')
    expect(bundle.match(/BEGIN CERTIFICATE/g)?.length).toBeGreaterThan(10)
    // A region that the user chose stays.
    const chosen = await server.sagebrush(['run', '--', 'sh', '-c', 'echo $AWS_REGION'], { AWS_REGION: 'eu-west-3' })
    expect(chosen.stdout).toBe('eu-west-3\n')
  })

  test.each(['SIGINT', 'SIGTERM'] as const)('%s to run alone goes on to its program', async (signal) => {
    const script = `
import signal, sys
def heard(*_):
    print('heard', flush=True)
    sys.exit(5)
signal.signal(signal.${signal}, heard)
print('ready', flush=True)
while True: signal.pause()`
    const child = server.spawn(['run', '--', 'python3', '-c', script])
    let said = ''
    child.stdout?.on('data', (chunk) => {
      said += chunk
      if (said === 'ready\n') child.kill(signal)
    })
    const code = await new Promise((resolve) => child.once('close', resolve))
    expect([code, said]).toEqual([5, 'ready\nheard\n'])
  })

  test('env prints what a shell can evaluate', async () => {
    const { stdout } = await server.sagebrush(['env'], { AWS_PROFILE: 'mine' })
    const environment = { PATH: process.env.PATH, AWS_PROFILE: 'mine' }
    const script = `${stdout}\necho "$AWS_ENDPOINT_URL" "\${AWS_PROFILE-none}"`
    const shell = await run('sh', ['-c', script], environment)
    expect(shell.stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+ none\n$/)
  })

  test('logs of nothing is told so', async () => {
    const done = await server.sagebrush(['logs', 'nothing'])
    expect([done.code, done.stderr]).toEqual([1, 'There is no training job or endpoint named nothing.\n'])
  })

  test('gc answers with what it removed', async () => {
    const done = await server.sagebrush(['gc'])
    expect(done.code, done.stderr).toBe(0)
    expect(done.stdout).toMatch(/^orphaned bytes of objects {3}0\.0 MiB in 0 files\n.*\nexpired keys +0\n/s)
  })
})

describe('without a server', () => {
  let home: string
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'sb-'))
  })
  afterAll(() => rmSync(home, { recursive: true }))
  const sagebrush = (args: string[], environment: Record<string, string> = {}) =>
    run(process.execPath, [cli, ...args], { PATH: process.env.PATH, HOME: home, SAGEBRUSH_HOME: home, ...environment })

  test('without an argument it prints its help', async () => {
    const bare = await sagebrush([])
    expect([bare.code, bare.stderr]).toEqual([0, ''])
    expect(bare.stdout).toBe((await sagebrush(['--help'])).stdout)
    expect(bare.stdout).toContain('Usage: sagebrush [options] [command]')
  })

  test('a mistyped command is told the one that is meant, and no far-fetched one', async () => {
    const help = '(sagebrush --help lists the commands)\n'
    for (const [asked, suggestion] of [
      ['stauts', '(Did you mean status?)\n'],
      ['bogus', ''],
    ] as const) {
      for (const words of [[asked], ['help', asked]]) {
        const done = await sagebrush(words)
        expect([done.code, done.stdout, done.stderr]).toEqual([
          1,
          '',
          `error: unknown command '${asked}'\n${suggestion}${help}`,
        ])
      }
    }
    const known = await sagebrush(['help', 'status'])
    expect([known.code, known.stdout]).toEqual([0, (await sagebrush(['status', '--help'])).stdout])
    expect((await sagebrush(['help'])).stdout).toBe((await sagebrush(['--help'])).stdout)
  })

  test.each([['version'], ['-v'], ['-V'], ['--version']])('%s prints the version', async (asked) => {
    const done = await sagebrush([asked])
    expect([done.code, done.stdout]).toEqual([0, `${version}\n`])
  })

  test('commands that need one say how to start it', async () => {
    for (const args of [['env'], ['run', '--', 'true'], ['logs', 'x'], ['gc']]) {
      const done = await sagebrush(args)
      expect([done.code, done.stderr]).toEqual([1, `No server runs on ${home}. Start one: sagebrush up -d\n`])
    }
    const elsewhere = join(home, "it's")
    for (const args of [['env'], ['run'], ['logs'], ['gc']]) {
      const rest = { run: ['--', 'true'], logs: ['x'] }[String(args[0])] ?? []
      const done = await sagebrush([...args, '--home', elsewhere, ...rest])
      expect(done.stderr).toBe(
        `No server runs on ${elsewhere}. Start one: sagebrush up -d --home '${elsewhere.replace("'", "'\\''")}'\n`,
      )
    }
    const shell = await run('sh', ['-c', `eval "$('${process.execPath}' '${cli}' env 2>&-)" || echo stopped`], {
      PATH: process.env.PATH,
      SAGEBRUSH_HOME: home,
    })
    expect(shell.stdout).toBe('stopped\n')
    expect((await sagebrush(['status'])).code).toBe(3)
    expect((await sagebrush(['down'])).code).toBe(0)
  })

  test('a taken port is told in words, in the foreground and in the background, and holds no home', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const { port } = other.address() as AddressInfo
    for (const args of [['up'], ['up', '-d']]) {
      const done = await sagebrush(args, { SAGEBRUSH_PORT: String(port) })
      expect(done.code).toBe(1)
      expect(done.stderr).toContain(
        `Port ${port} of 127.0.0.1 is taken by another program, or by the Sagebrush of another home. Choose another one (SAGEBRUSH_PORT`,
      )
    }
    const doctor = await sagebrush(['doctor'], { SAGEBRUSH_PORT: String(port) })
    expect(doctor.code).toBe(1)
    expect(doctor.stdout).toMatch(new RegExp(`FAIL {2}port +${port} of 127.0.0.1 is taken`))
    other.close()
    expect((await sagebrush(['status'])).code).toBe(3)
  })

  test('config shows values and sources, and refuses what it does not know', async () => {
    writeFileSync(join(home, 'config.yaml'), 'port: 7300\n')
    const rows = JSON.parse((await sagebrush(['config', '--json', '--region', 'eu-west-1'])).stdout)
    expect(rows.port).toEqual({ value: 7300, source: join(home, 'config.yaml') })
    expect(rows.region).toEqual({ value: 'eu-west-1', source: '--region' })
    expect(rows.home).toEqual({ value: home, source: 'SAGEBRUSH_HOME' })
    writeFileSync(join(home, 'config.yaml'), 'prot: 7300\n')
    const refused = await sagebrush(['up'])
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('there is no setting prot')])
    rmSync(join(home, 'config.yaml'))
  })

  test('a setting of no good form is refused before there is a home', async () => {
    const fresh = join(home, 'fresh')
    for (const [variable, value] of [
      ['SAGEBRUSH_ACCOUNT', '12'],
      ['SAGEBRUSH_REGION', 'x y'],
    ] as const) {
      const done = await sagebrush(['up'], { SAGEBRUSH_HOME: fresh, [variable]: value })
      expect([done.code, done.stderr]).toEqual([
        1,
        expect.stringMatching(`^\\w+ must be .*, and ${variable} says "${value}"`),
      ])
      expect(existsSync(fresh)).toBe(false)
    }
  })

  test('doctor finds this machine fit', async () => {
    const done = await sagebrush(['doctor', '--json', '--port', '0'])
    const findings: { name: string; state: string; found: string }[] = JSON.parse(done.stdout)
    const containers = lacking('docker') ? ['containers'] : ['containers', 'volumes']
    expect(findings.map(({ name }) => name)).toEqual([
      ...['node', 'python3', 'tar', 'namespaces', 'staging'],
      ...containers,
      ...['disk', 'port'],
    ])
    expect(findings.find(({ name }) => name === 'python3')?.state).toBe('good')
  })

  test('doctor on a machine without Python and tar names them and their fixes', async () => {
    const done = await run(process.execPath, [cli, 'doctor', '--port', '0'], {
      PATH: '/nonexistent',
      SAGEBRUSH_HOME: home,
    })
    expect(done.code).toBe(1)
    expect(done.stdout).toMatch(/FAIL {2}python3 .*\n.*No python3 .* is on PATH: install it/)
    expect(done.stdout).toMatch(/FAIL {2}tar +none\n +No tar is on PATH: install it/)
  })

  test('npx finds the command of this checkout, and it names itself as it was called', async () => {
    const root = fileURLToPath(new URL('../../..', import.meta.url))
    const environment = { PATH: process.env.PATH, HOME: process.env.HOME, SAGEBRUSH_HOME: home }
    const done = await run('npx', ['--prefix', root, '--no-install', 'sagebrush', 'env'], environment)
    expect([done.code, done.stderr]).toEqual([
      1,
      expect.stringMatching(new RegExp(`No server runs on ${home}\\. Start one: npx sagebrush up -d\n$`)),
    ])
  })

  test('a reader that has seen enough is no fault', async () => {
    const done = await run('sh', ['-c', `"$0" "$1" config | head -1`, process.execPath, cli], {
      PATH: process.env.PATH,
    })
    expect([done.stderr, done.stdout]).toEqual(['', '# file: none\n'])
  })

  test('an old Node without a newer one beside it is told in one sentence', async () => {
    // The launcher asks only `process.versions` and `process.version`: an old Node is played by changing them.
    const script = `
      Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.0' } })
      Object.defineProperty(process, 'version', { value: 'v18.20.0' })
      await import(${JSON.stringify(copyOfLauncher(home))})`
    const done = await run(process.execPath, ['--input-type=module', '-e', script], { PATH: process.env.PATH })
    expect([done.code, done.stderr]).toEqual([
      1,
      'sagebrush needs Node.js 24 or newer, and this is v18.20.0: install it from nodejs.org, or beside sagebrush (npm install node@24).\n',
    ])
  })
})

function copyOfLauncher(folder: string): string {
  const source = readFileSync(cli, 'utf8')
  const file = join(folder, `${createHash('sha256').update(source).digest('hex').slice(0, 8)}.mjs`)
  if (!existsSync(file)) writeFileSync(file, source)
  return file
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runBounded } from './run-bounded.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sagebrush-bounded-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const node = (code: string): [string, ...string[]] => [process.execPath, '-e', code]
// A worker that never looks up, as a test in an endless loop is: only a signal to it ends it.
const withWorker = (pidFile: string) =>
  `const worker = require('child_process').spawn(process.execPath, ['-e', 'for (;;);'])
   require('fs').writeFileSync('${pidFile}', String(worker.pid))
   setInterval(() => {}, 1000)`

async function expectGone(pidFile: string): Promise<void> {
  const pid = readFileSync(pidFile, 'utf8')
  const deadline = Date.now() + 5_000
  const isThere = () => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  while (isThere() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20))
  expect(isThere()).toBe(false)
}

test('endings are told apart', async () => {
  const run = (code: string) => runBounded({ command: node(code), cwd: folder, limitMs: 20_000 })
  expect(await run('')).toBe('passed')
  expect(await run('process.exit(3)')).toBe('failed')
  expect(await runBounded({ command: ['no-such-program'], cwd: folder, limitMs: 1000 })).toMatch(
    /^could not start: .*ENOENT/,
  )
})

test('at the limit the command and its workers are ended', async () => {
  const pidFile = join(folder, 'pid')
  expect(await runBounded({ command: node(withWorker(pidFile)), cwd: folder, limitMs: 2_000 })).toBe('hung')
  await expectGone(pidFile)
})

test('a signal to the test command ends what it runs, and it', async () => {
  const pidFile = join(folder, 'pid')
  const module = new URL('./run-bounded.ts', import.meta.url).href
  const command = JSON.stringify(node(withWorker(pidFile)))
  const code = `import { runBounded } from '${module}'; await runBounded({ command: ${command}, cwd: '${folder}', limitMs: 60000 })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'inherit' })
  const deadline = Date.now() + 10_000
  while (!existsSync(pidFile) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20))
  child.kill('SIGTERM')
  expect((await once(child, 'exit'))[1]).toBe('SIGTERM')
  await expectGone(pidFile)
})

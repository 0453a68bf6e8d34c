import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { explainNpm } from './npm-trouble.mjs'

const withSetup = fileURLToPath(new URL('../with-setup.mjs', import.meta.url))
let folder = ''
let script = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sagebrush-hand-over-'))
  script = join(folder, 'script.ts')
  writeFileSync(
    script,
    `const [what, ...rest]: string[] = process.argv.slice(2)
     if (what === 'wait') {
       process.on('SIGTERM', () => { console.log('asked to end'); process.exit(7) })
       setInterval(() => {}, 1000)
       console.log('ready')
     } else if (what === 'die') process.kill(process.pid, 'SIGKILL')
     else { console.log(JSON.stringify(rest)); process.exit(3) }`,
  )
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('arguments arrive as they are and the exit status comes back', () => {
  const done = spawnSync(process.execPath, [withSetup, script, 'args', 'a b', '', '$HOME'], { encoding: 'utf8' })
  expect(done.stdout).toBe('["a b","","$HOME"]\n')
  expect(done.status).toBe(3)
})

test('SIGTERM reaches the script, whose own ending counts', async () => {
  const child = spawn(process.execPath, [withSetup, script, 'wait'], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  await once(child.stdout, 'data')
  child.kill('SIGTERM')
  const [code] = await once(child, 'close')
  expect({ code, output }).toEqual({ code: 7, output: 'ready\nasked to end\n' })
})

test('a script that a signal kills ends the command by the same signal', () => {
  expect(spawnSync(process.execPath, [withSetup, script, 'die']).signal).toBe('SIGKILL')
})

test('a script that is not there is said so', () => {
  const done = spawnSync(process.execPath, [withSetup, 'no/such.ts'], { encoding: 'utf8' })
  expect(done.status).toBe(1)
  expect(done.stderr).toMatch(/^no\/such\.ts is not in /)
})

test.each([
  ['npm error code EAI_AGAIN\nnpm error getaddrinfo EAI_AGAIN', 'cannot reach its registry'],
  ['npm error code ENOSPC', 'The disk is full'],
  ["npm error code EACCES\nnpm error Error: EACCES: permission denied, mkdir '/x'", 'may not write here'],
  ['npm error code EUSAGE', 'do not agree'],
  ['npm: spawn npm ENOENT', 'npm is not installed'],
])('npm’s %j is put in words', (output, words) => {
  const text = explainNpm(output)
  expect(text).toContain(words)
  expect(text).toContain(output.split('\n')[0])
})

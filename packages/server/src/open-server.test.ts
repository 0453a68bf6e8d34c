import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'open-server-'))
})
afterAll(async () => await rm(folder, { recursive: true }))

test('a server that is closed keeps no process alive, and its database is one file', async () => {
  const home = join(folder, 'home')
  const program = join(folder, 'program.mjs')
  const flags = { home, cache: join(folder, 'cache'), port: '0', 'log.level': 'warn' }
  await writeFile(
    program,
    `import { readdirSync } from 'node:fs'
    import { openServer } from ${JSON.stringify(import.meta.resolve('./open-server.ts'))}
    import { loadConfig } from ${JSON.stringify(import.meta.resolve('./config/load.ts'))}
    const { config } = loadConfig({ flags: ${JSON.stringify(flags)}, environment: {} })
    const server = await openServer({ config, version: 'test' })
    console.log(readdirSync(${JSON.stringify(join(home, 'store'))}).includes('state.db-wal'))
    await server.close()
    console.log('closed')`,
  )
  // SIGKILL: what keeps it alive may be deaf to anything else.
  const ended = promisify(execFile)(process.execPath, [program], { timeout: 30_000, killSignal: 'SIGKILL' })
  expect((await ended).stdout).toBe('true\nclosed\n')
  expect(await readdir(join(home, 'store'))).toEqual(['state.db'])
})

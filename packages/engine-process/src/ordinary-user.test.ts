import { execFile } from 'node:child_process'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { requires } from '@sagebrush/testing'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const repository = fileURLToPath(new URL('../../..', import.meta.url))
const NOBODY = 65534

/** Root's tests again as somebody who is not: other namespaces, other rights to every file. */
test('the engine does the same for an ordinary user', { timeout: 300_000 }, async (context) => {
  if (process.getuid?.() !== 0) return context.skip('these tests run as an ordinary user already')
  requires(context, 'ordinary-user')
  const home = await mkdtemp(join(tmpdir(), 'ordinary-user-'))
  await chown(home, NOBODY, NOBODY)
  const as = ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups', 'env', '-i', `HOME=${home}`]
  const path = [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter)
  try {
    await run('setpriv', [...as, 'test', '-x', process.execPath, '-a', '-r', join(repository, 'package.json')])
  } catch {
    await rm(home, { recursive: true })
    return context.skip(`an ordinary user cannot read ${repository}: check it out where others can`)
  }
  try {
    const files = ['process-engine', 'lifecycle', 'isolation', 'staging', 'outputs'].map(
      (name) => `packages/engine-process/src/${name}.test.ts`,
    )
    const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--configLoader', 'runner', '--reporter', 'json', ...files]
    const { stdout } = await run('setpriv', [...as, `PATH=${path}`, process.execPath, ...vitest], {
      cwd: repository,
      maxBuffer: 1 << 26,
    }).catch((error) => ({ stdout: String(error.stdout ?? error) }))
    const report = JSON.parse(stdout.slice(stdout.indexOf('{"')))
    const failed = report.testResults.flatMap(
      (file: {
        name: string
        message: string
        assertionResults: { status: string; fullName: string; failureMessages: string[] }[]
      }) => [
        ...(file.message ? [`${file.name}: ${file.message}`] : []),
        ...file.assertionResults
          .filter(({ status }) => status === 'failed')
          .map(({ fullName, failureMessages }) => `${fullName}: ${failureMessages.join('; ')}`),
      ],
    )
    expect(failed).toEqual([])
    expect(report.numPassedTests).toBeGreaterThan(75)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
})

import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

const module = new URL('./requires.ts', import.meta.url).href

/** A process of its own: what is required and found is read once. */
function inProcess(code: string, env: Record<string, string>) {
  const probes = JSON.stringify({ docker: 'no engine answers', openssl: '' })
  return spawnSync(process.execPath, ['--input-type=module', '-e', `import { requires } from '${module}'; ${code}`], {
    encoding: 'utf8',
    env: { ...process.env, SAGEBRUSH_TEST_PROBES: probes, SAGEBRUSH_TEST_REQUIRE: '', ...env },
  })
}
const ask = `requires({ skip: (why) => console.log('skipped:', why) }, 'openssl', 'docker')`

test('what is there lets the test run, what lacks skips it with the reason and the way out', () => {
  const { stdout, stderr } = inProcess(ask, {})
  expect(stderr).toBe('')
  expect(stdout).toMatch(/^skipped: needs docker \(no engine answers\): install a Docker engine .*\n$/)
})

test.each(['docker', 'strace,docker', 'all'])('SAGEBRUSH_TEST_REQUIRE=%s makes it fail', (value) => {
  const { status, stdout, stderr } = inProcess(ask, { SAGEBRUSH_TEST_REQUIRE: value })
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toContain('SAGEBRUSH_TEST_REQUIRE names it: needs docker (no engine answers)')
})

test('a name that nothing answers to is refused', () => {
  const { stderr } = inProcess(ask, { SAGEBRUSH_TEST_REQUIRE: 'dokcer' })
  expect(stderr).toMatch(/SAGEBRUSH_TEST_REQUIRE names dokcer; known are all, python3, /)
})

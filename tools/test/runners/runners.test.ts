import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { requires } from '../requires.ts'
import { pythonSuites, runPython } from './python.ts'
import { tallyOf } from './vitest.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sagebrush-runners-'))
  mkdirSync(join(root, 'python', 'part', 'tests'), { recursive: true })
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function write(name: string, text: string) {
  writeFileSync(join(root, 'python', 'part', 'tests', name), text)
}
const all = () => true

test('unittest: passes, failures, errors and skips are counted and named', async (context) => {
  requires(context, 'python3')
  write(
    'test_some.py',
    `import unittest
class Some(unittest.TestCase):
    def test_good(self): pass
    def test_bad(self): self.fail()
    def test_broken(self): raise OSError
    @unittest.skip('not today')
    def test_left_out(self): pass
    @unittest.expectedFailure
    def test_known(self): self.fail()
`,
  )
  const [suite] = pythonSuites(root, all)
  if (!suite) throw new Error('no suite was found')
  expect(await runPython(root, suite, {})).toEqual({
    passed: 2,
    failed: ['test_some.Some.test_bad', 'test_some.Some.test_broken'],
    skipped: [{ name: 'test_some.Some.test_left_out', why: 'not today' }],
  })
})

test('unittest: a file that cannot be imported fails, and so does one without tests', async (context) => {
  requires(context, 'python3')
  write('test_broken.py', 'import no_such_module_here\n')
  const [broken] = pythonSuites(root, all)
  if (!broken) throw new Error('no suite was found')
  expect((await runPython(root, broken, {})).failed).toEqual(['unittest.loader._FailedTest.test_broken'])
  write('test_broken.py', '')
  expect((await runPython(root, broken, {})).failed).toEqual(['python/part/tests: unittest ran no test'])
})

test('a suite that imports pytest is run by it', () => {
  write('test_a.py', 'def test_a(): pass\n')
  write('test_b.py', 'x = 1\n')
  write('conftest.py', 'import pytest\n')
  const [suite] = pythonSuites(root, (path) => path.includes('test_a'))
  expect(suite).toEqual({ folder: 'python/part/tests', files: ['python/part/tests/test_a.py'], runner: 'pytest' })
})

test('vitest: tests are counted, files are not', () => {
  const tally = tallyOf(
    [
      { event: 'start', name: 'a.test.ts' },
      { event: 'start', name: 'a.test.ts > one' },
      { event: 'passed', name: 'a.test.ts > one' },
      { event: 'failed', name: 'a.test.ts > two' },
      { event: 'skipped', name: 'a.test.ts > three', why: 'needs docker' },
      { event: 'passed', name: 'a.test.ts' },
      { event: 'end', errors: [] },
    ],
    'failed',
  )
  expect(tally).toEqual({
    passed: 1,
    failed: ['a.test.ts > two'],
    skipped: [{ name: 'a.test.ts > three', why: 'needs docker' }],
  })
})

test('vitest: a run that hangs or crashes names what was running', () => {
  const events = [
    { event: 'start', name: 'a.test.ts' },
    { event: 'start', name: 'a.test.ts > stuck' },
  ] as const
  expect(tallyOf(events, 'hung').failed).toEqual(['vitest hung while these ran: a.test.ts; a.test.ts > stuck'])
  expect(tallyOf([], 'failed').failed).toEqual(['vitest failed while these ran: none'])
  expect(tallyOf([{ event: 'end', errors: [] }], 'passed').failed).toEqual(['vitest ran no test'])
  expect(tallyOf([{ event: 'end', errors: ['late'] }], 'failed').failed).toEqual(['outside of any test: late'])
})

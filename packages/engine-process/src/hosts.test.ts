import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { hostsFile } from './hosts.ts'

test('a peer whose name the machine has already is found at its own address alone', async () => {
  const machine = (await readFile('/etc/hosts', 'utf8')).split('\n').map((line) => line.split(/\s+/))
  const [, name = ''] = machine.find(([address = '', first]) => /^[\d.]+$/.test(address) && first) ?? []
  expect(name).not.toBe('')
  const lines = (await hostsFile('a-group', ['algo-1', name])).split('\n').map((line) => line.split(/\s+/))
  expect(lines.filter((words) => words.slice(1).includes(name))).toEqual([
    [expect.stringMatching(/^127\.\d+\.\d+\.2$/), name],
  ])
})

import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readModel, withBotocore } from './botocore.ts'
import { differences } from './differences.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'contract-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

describe('readModel', () => {
  const write = (version: string, file: string, bytes: string | Buffer) => {
    mkdirSync(join(folder, 'data/toys', version), { recursive: true })
    writeFileSync(join(folder, 'data/toys', version, file), bytes)
  }
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

  it('takes the newest version, packed or not, and hashes the JSON text', () => {
    write('2019-05-01', 'service-2.json', '{"old":true}')
    write('2024-01-02', 'service-2.json.gz', gzipSync('{"new":true}'))
    const expected = { file: 'toys/2024-01-02/service-2.json', sha256: sha256('{"new":true}'), model: { new: true } }
    expect(readModel(folder, 'toys')).toEqual(expected)
    write('2024-01-02', 'service-2.json', '{"new":true}')
    expect(readModel(folder, 'toys')).toEqual(expected)
  })

  it('says what is missing', () => {
    write('2024-01-02', 'waiters-2.json', '{}')
    expect(() => readModel(folder, 'toys')).toThrow(`no service-2.json of toys under ${folder}`)
  })
})

describe('withBotocore', () => {
  it('refuses another release than the one that the contract names', () => {
    writeFileSync(join(folder, '__init__.py'), "import os\n__version__ = '1.2.3'\n")
    expect(withBotocore(folder, '1.2.3', (given) => given)).toBe(folder)
    expect(() => withBotocore(folder, '1.2.4', (given) => given)).toThrow('is botocore 1.2.3')
  })
})

describe('differences', () => {
  it('names each file and the first line that differs', () => {
    writeFileSync(join(folder, 'same.ts'), 'a\n')
    writeFileSync(join(folder, 'edited.ts'), 'a\nb\n')
    writeFileSync(join(folder, 'short.ts'), 'a\n')
    writeFileSync(join(folder, 'stray.ts'), '')
    const wanted = { 'same.ts': 'a\n', 'edited.ts': 'a\nc\n', 'short.ts': 'a\nb\n', 'absent.ts': '' }
    expect(differences(folder, new Map(Object.entries(wanted)))).toEqual([
      'stray.ts: nothing generates this file',
      'edited.ts:2\n  committed: b\n  generated: c',
      'short.ts:2\n  committed: \n  generated: b',
      'absent.ts: missing',
    ])
    expect(differences(join(folder, 'none'), new Map([['a.ts', '']]))).toEqual(['a.ts: missing'])
  })
})

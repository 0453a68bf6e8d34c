import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { settingNames } from './settings.ts'

test('every setting is read somewhere', () => {
  const packages = join(import.meta.dirname, '../../..')
  const files = globSync('{server,cli}/src/**/*.ts', { cwd: packages })
    .filter((file) => !/\.test\.ts$|config\/settings\.ts$/.test(file))
    .map((file) => readFileSync(join(packages, file), 'utf8'))
  const unread = settingNames.filter((name) => {
    const reads = name.includes('.') ? [`['${name}']`, `'${name}': `] : [`config.${name}`, `{ ${name}`, `, ${name}`]
    return !files.some((text) => reads.some((read) => text.includes(read)))
  })
  expect(unread).toEqual([])
})

import { expect, test } from 'vitest'
import { nameOf } from './called-as.ts'

test.each([
  [{}, 'sagebrush'],
  [{ npm_command: 'exec' }, 'npx sagebrush'],
  [{ npm_command: 'run-script' }, 'npx sagebrush'],
  [
    { npm_command: 'exec', npm_config_package: 'node@24\n\n./sagebrush-0.1.0.tgz' },
    'npx -p node@24 -p ./sagebrush-0.1.0.tgz sagebrush',
  ],
])('%j is told to go on with %s', (environment, name) => {
  expect(nameOf(environment)).toBe(name)
})

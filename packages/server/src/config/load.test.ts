import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ConfigError, loadConfig } from './load.ts'
import { environmentName } from './settings.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'sagebrush-config-'))
})
afterEach(() => rmSync(home, { recursive: true }))

function load(yaml: string, environment: Record<string, string> = {}, flags = {}) {
  writeFileSync(join(home, 'config.yaml'), yaml)
  return loadConfig({ environment: { SAGEBRUSH_HOME: home, ...environment }, flags })
}

test('a flag beats the environment, that beats the file, that beats the default', () => {
  const file = 'port: 1001\nregion: eu-west-1\nlimits:\n  invokeBodyBytes: 7\n'
  const { config, sources } = load(file, { SAGEBRUSH_PORT: '1002', SAGEBRUSH_REGION: 'eu-west-2' }, { port: '1003' })
  expect([config.port, config.region, config['limits.invokeBodyBytes'], config.engine]).toEqual([
    1003,
    'eu-west-2',
    7,
    'auto',
  ])
  expect([sources.port, sources.region, sources['limits.invokeBodyBytes'], sources.engine]).toEqual([
    '--port',
    'SAGEBRUSH_REGION',
    join(home, 'config.yaml'),
    'default',
  ])
})

test('a flag is held to its form as the environment and the file are', () => {
  expect(() => load('', {}, { account: '1234567890123' })).toThrow(
    'account must be 12 digits and not all zero, such as "123456789012", and --account says "1234567890123".',
  )
  expect(() => load('', {}, { region: 'EU' })).toThrow('and --region says "EU".')
})

test.each([
  ['account: 123456789012', '123456789012'],
  ['account: "012345678901"', '012345678901'],
  ['account: ""', ''],
])('%s is the account %j', (yaml, account) => {
  expect(load(yaml).config.account).toBe(account)
})

test('names in the environment are words', () => {
  expect(environmentName('limits.invokeBodyBytes')).toBe('SAGEBRUSH_LIMITS_INVOKE_BODY_BYTES')
  expect(
    load('', { SAGEBRUSH_PROXY_PASS_THROUGH: 'a.amazonaws.com, b.amazonaws.com' }).config['proxy.passThrough'],
  ).toEqual(['a.amazonaws.com', 'b.amazonaws.com'])
})

test.each([
  ['colour: red', {}, /there is no setting colour\. The settings are home, /],
  ['prot: 1', {}, /there is no setting prot\. Did you mean port\? The settings are home, /],
  ['limits:\n  nothing: 1', {}, /there is no setting limits\.nothing/],
  ['home: /x', {}, /home cannot be set in a file/],
  ['port: many', {}, /port must be a whole number from 0 to 65535, and .*config\.yaml says "many"/],
  ['', { SAGEBRUSH_PORT: '99999' }, /port must be .*, and SAGEBRUSH_PORT says "99999"/],
  ['', { SAGEBRUSH_IAM_MODE: 'lax' }, /iam\.mode must be one of auto, strict, and SAGEBRUSH_IAM_MODE says "lax"/],
  ['', { SAGEBRUSH_ACCOUNT: '12' }, /account must be 12 digits and .* "123456789012", and SAGEBRUSH_ACCOUNT says "12"/],
  ['account: 012345678901', {}, /account must be 12 digits and .*, and .*config\.yaml says 12345678901\./],
  ['account: "000000000000"', {}, /account must be 12 digits and not all zero/],
  ['', { SAGEBRUSH_REGION: 'x y' }, /region must be .*, such as us-east-1, and SAGEBRUSH_REGION says "x y"/],
  ['region: -a', {}, /region must be .*, and .*config\.yaml says "-a"/],
  [
    '',
    { SAGEBRUSH_PROT: '1' },
    /no setting for the environment variable SAGEBRUSH_PROT\. Did you mean SAGEBRUSH_PORT\?/,
  ],
  ['- a', {}, /must hold names and values/],
  ['a: [', {}, /is not YAML/],
])('%j with %j is refused in words', (yaml, environment, message) => {
  expect(() => load(yaml, environment)).toThrow(ConfigError)
  expect(() => load(yaml, environment)).toThrow(message)
})

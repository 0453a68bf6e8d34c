import { homedir } from 'node:os'
import { join } from 'node:path'
import { flag, integer, list, matching, oneOf, type Setting, text } from './setting.ts'

const DAY_SECONDS = 86_400
const MIB = 1_048_576

/**
 * Everything that can be set. `a.bCd` is `SAGEBRUSH_A_B_CD` in the environment, `--a.bCd` as a flag, and `a: {bCd: …}`
 * in the file. Limits are AWS's own unless raised here.
 */
export const settings = {
  home: text(join(homedir(), '.sagebrush'), 'folder of the state: metadata, objects, logs, keys'),
  cache: text(
    join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'sagebrush'),
    'folder of what can be made again: environments of managed images, packages',
  ),
  host: text('127.0.0.1', 'address to listen on; anything but loopback lets other machines in'),
  port: integer(7243, 0, 65_535, 'port to listen on; 0 takes a free one'),
  // What the region of a signature may be: the clients that are given it sign with it.
  region: matching(
    'us-east-1',
    /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/,
    'at most 40 lower-case letters, digits and "-", such as us-east-1',
    'region that `sagebrush env` and `run` give to clients',
  ),
  account: matching(
    '',
    /^(?!0{12}$)(?:\d{12})?$/,
    '12 digits and not all zero, such as "123456789012"',
    'account id that the first start makes (12 digits); empty picks one',
  ),
  engine: oneOf(
    'auto',
    ['auto', 'process', 'docker'],
    'what runs tasks; auto: managed images without a container, all others with Docker or Podman',
  ),
  'docker.host': text(
    '',
    'address of the container engine, unix:// or tcp://; empty: DOCKER_HOST, else the usual socket',
  ),
  'docker.spareNetworks': integer(1, 0, 16, 'networks kept ready for jobs of several instances'),
  'docker.processes': integer(8192, 1, 4_194_304, 'most processes and threads of one container'),
  'docker.readOnlyRoot': flag(false, 'let containers write to the folders of the contract and to /tmp alone'),
  'iam.mode': oneOf(
    'auto',
    ['auto', 'strict'],
    'auto makes a role, or a bucket for outputs, that a request names and that is not there; strict refuses',
  ),
  'proxy.enabled': flag(true, 'answer for AWS host names that programs hard-code, on the same port'),
  'proxy.passThrough': list([], 'AWS host names that go out to AWS instead of being answered here'),
  'process.namespaces': oneOf(
    'auto',
    ['auto', 'off'],
    'give each task its own mounts and process tree, where the machine can',
  ),
  'training.checkpointSyncSeconds': integer(5, 1, 86_400, 'how often a running job’s checkpoints are stored in S3'),
  'limits.invokeBodyBytes': integer(6 * MIB, 1, 1024 * MIB, 'largest body of InvokeEndpoint, in bytes'),
  'limits.invokeTimeoutSeconds': integer(60, 1, 86_400, 'longest wait for an answer of InvokeEndpoint'),
  'limits.trainingRuntimeSeconds': integer(28 * DAY_SECONDS, 1, 3650 * DAY_SECONDS, 'longest MaxRuntimeInSeconds'),
  'limits.startupSeconds': integer(480, 1, 86_400, 'longest wait for /ping of a starting instance'),
  'limits.trainingStopSeconds': integer(120, 0, 86_400, 'from SIGTERM to SIGKILL when a training job is stopped'),
  'limits.servingStopSeconds': integer(30, 0, 86_400, 'from SIGTERM to SIGKILL when an instance of an endpoint goes'),
  'limits.trainingInstances': integer(
    1000,
    1,
    1_000_000,
    'instances of an account’s training jobs in a region at once',
  ),
  'limits.endpointInstances': integer(1000, 1, 1_000_000, 'instances of an account’s endpoints in a region at once'),
  'limits.clockSkewSeconds': integer(900, 1, 86_400, 'how far the clock of a signature may be off'),
  'log.level': oneOf('info', ['debug', 'info', 'warn', 'error'], 'least important line that the server logs'),
  'log.maxBytes': integer(16 * MIB, 4096, 1024 * MIB, 'size at which server.log is rotated (five are kept)'),
} satisfies Record<string, Setting<unknown>>

export type SettingName = keyof typeof settings

export type Config = { readonly [name in SettingName]: (typeof settings)[name] extends Setting<infer T> ? T : never }

export const settingNames = Object.keys(settings) as readonly SettingName[]

/** `limits.invokeBodyBytes` → `SAGEBRUSH_LIMITS_INVOKE_BODY_BYTES`. */
export function environmentName(name: SettingName): string {
  return `SAGEBRUSH_${name
    .replaceAll('.', '_')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toUpperCase()}`
}

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { awsCli2 } from './aws-cli.ts'
import { isVenvBuilt, type VenvName } from './venv.ts'

interface Probe {
  /** How a person gets it. */
  readonly fix: string
  /** What is lacking, in words; undefined when the machine has it. */
  readonly lacks: () => string | undefined
}

/** What tests may ask of a machine beyond Node.js. Where tests need more, it gets a line here. */
export const capabilities = {
  python3: {
    fix: 'install Python 3.9 or newer (Debian: apt-get install python3)',
    lacks: () => lacksCommand(['python3', '-c', 'import sys; sys.exit(sys.version_info < (3, 9))']),
  },
  'python3-venv': {
    fix: 'apt-get install python3-venv (or a Python that has venv and pip)',
    lacks: () => lacksCommand(['python3', '-c', 'import venv, ensurepip, pip']),
  },
  pypi: {
    fix: 'connect the machine to PyPI, or set PIP_INDEX_URL to a mirror',
    lacks: lacksPypi,
  },
  'npm-registry': {
    fix: 'connect the machine to the npm registry, or name a mirror (npm config set registry URL)',
    lacks: () => lacksCommand(['npm', 'view', 'node@24', 'version', '--fetch-retries=1']),
  },
  pytest: venv('pytest'),
  botocore: venv('botocore'),
  'sagemaker-sdk': venv('sagemaker-sdk'),
  'sagemaker-sdk-3': venv('sagemaker-sdk-3'),
  'mount-namespaces': {
    fix: 'run as root, or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1)',
    lacks: () => lacksCommand(['unshare', '-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']),
  },
  'network-namespaces': {
    fix: 'apt-get install iproute2, and allow user namespaces (sysctl kernel.unprivileged_userns_clone=1)',
    lacks: () => lacksCommand(['unshare', '-rn', 'ip', 'link', 'set', 'lo', 'up']),
  },
  'ordinary-user': {
    fix: 'run as an ordinary user, or as root with setpriv (apt-get install util-linux)',
    lacks: () =>
      process.getuid?.() === 0
        ? lacksCommand(['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', 'true'])
        : undefined,
  },
  root: {
    fix: 'run as root',
    lacks: () => (process.getuid?.() === 0 ? undefined : 'this is an ordinary user'),
  },
  'aws-cli-2': {
    fix: 'install version 2 of the AWS CLI (Debian: apt-get install awscli)',
    lacks: () => (awsCli2() ? undefined : 'no `aws` on PATH is version 2'),
  },
  openssl: { fix: 'apt-get install openssl', lacks: () => lacksCommand(['openssl', 'version']) },
  'systemd-analyze': {
    fix: 'apt-get install systemd (it need not run)',
    lacks: () => lacksCommand(['systemd-analyze', '--version']),
  },
  strace: { fix: 'apt-get install strace', lacks: () => lacksCommand(['strace', '-o', '/dev/null', 'true']) },
  docker: {
    fix: 'install a Docker engine and start it (Debian: apt-get install docker.io), or set DOCKER_HOST',
    lacks: () => lacksCommand(['docker', 'version', '--format', '{{.Server.Version}}']),
  },
  podman: {
    fix: 'apt-get install podman runc catatonit netavark aardvark-dns iproute2',
    lacks: lacksPodman,
  },
} as const satisfies Readonly<Record<string, Probe>>

export type Capability = keyof typeof capabilities

export function isCapability(name: string): name is Capability {
  return Object.hasOwn(capabilities, name)
}

function venv(name: VenvName): Probe {
  return {
    fix: 'see python3-venv and pypi: it is made from PyPI once and then kept',
    lacks() {
      const python = capabilities.python3.lacks()
      if (python || isVenvBuilt(name)) return python
      return capabilities['python3-venv'].lacks() ?? capabilities.pypi.lacks()
    },
  }
}

function lacksPodman(): string | undefined {
  for (const tool of ['podman', 'runc', 'catatonit', 'ip']) {
    const lacks = lacksCommand([tool, tool === 'ip' ? '-V' : '--version'])
    if (lacks) return lacks
  }
  const missing = ['netavark', 'aardvark-dns'].find(
    (name) => !['/usr/lib', '/usr/libexec'].some((folder) => existsSync(`${folder}/podman/${name}`)),
  )
  return missing && `${missing} is neither in /usr/lib/podman nor in /usr/libexec/podman`
}

let pypi: string | undefined | null = null
/** Asks for one tiny package through pip, with whatever index and proxy the user's pip has. */
function lacksPypi(): string | undefined {
  if (pypi !== null) return pypi
  const folder = mkdtempSync(join(tmpdir(), 'sagebrush-pypi-'))
  const quiet = ['--quiet', '--no-input', '--disable-pip-version-check', '--no-cache-dir', '--retries', '1']
  pypi = lacksCommand(['python3', '-m', 'pip', 'download', ...quiet, '--no-deps', '--dest', folder, 'iniconfig==2.3.0'])
  rmSync(folder, { recursive: true, force: true })
  return pypi
}

function lacksCommand([command = '', ...args]: readonly string[]): string | undefined {
  const done = spawnSync(command, args, { encoding: 'utf8', timeout: 60_000 })
  if (done.error) return `${command}: ${done.error.message}`
  if (done.status === 0) return undefined
  return done.stderr.trim().split('\n').at(-1) || `\`${[command, ...args].join(' ')}\` fails`
}

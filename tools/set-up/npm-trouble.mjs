import { userInfo } from 'node:os'

const causes = [
  [
    /ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ESOCKETTIMEDOUT|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ENOTCACHED|network/i,
    'npm cannot reach its registry, and this first set-up needs it once (later runs work offline).\n' +
      '  - Is the machine online?\n' +
      '  - Behind a proxy: export HTTPS_PROXY=http://HOST:PORT\n' +
      '  - With a mirror:  npm config set registry https://MIRROR/',
  ],
  [
    /SELF_SIGNED|UNABLE_TO_GET_ISSUER|UNABLE_TO_VERIFY|CERT_/i,
    'npm does not trust the certificate of its registry: point NODE_EXTRA_CA_CERTS at your CA bundle (a PEM file).',
  ],
  [/ENOSPC/, 'The disk is full: node_modules needs about 500 MB here, and npm some in ~/.npm.'],
  [/spawn npm ENOENT|npm: .*ENOENT/, 'npm is not installed: it comes with Node.js (on Debian: apt-get install npm).'],
  [
    /EACCES|EPERM|EROFS/,
    `npm may not write here as the user ${userName()}: give that user this folder and ~/.npm (chown -R), or use a copy.`,
  ],
  [
    /can only install packages when your package\.json and package-lock\.json.*in sync|EUSAGE/,
    'package.json and package-lock.json do not agree: run `npm install` and commit the lock file.',
  ],
]

/** What npm's output means, in words, with its own words below. */
export function explainNpm(output) {
  const cause = causes.find(([pattern]) => pattern.test(output))?.[1] ?? 'npm ci failed.'
  const all = output.trim().split('\n')
  const lines = all.length > 24 ? [...all.slice(0, 14), '…', ...all.slice(-6)] : all
  return `Set-up failed: ${cause}\n\nnpm said:\n${lines.map((line) => `  ${line}`).join('\n')}`
}

function userName() {
  try {
    return userInfo().username
  } catch {
    // A user id without a name in /etc/passwd, as containers have.
    return String(process.getuid?.())
  }
}

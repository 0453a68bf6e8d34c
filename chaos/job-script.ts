import { createHash } from 'node:crypto'

/** What a job does: numbered lines at a rate, each with the time at which it is printed, then an artifact. */
export interface Work {
  readonly token: string
  readonly lines: number
  readonly linesPerSecond: number
  readonly artifactBytes: number
  /** Of the script, after all is written. */
  readonly exitCode: number
}

export const ARTIFACT = 'weights.bin'

/** `start` is printed once, with the process id; `end` with the number of lines, after the artifact is written. */
export const jobScript = `import hashlib, os, signal, sys, time

def given(name):
    return sys.argv[sys.argv.index('--' + name) + 1]

token, lines, rate = given('token'), int(given('lines')), int(given('rate'))
stopped = []
signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
print('start', os.getpid(), flush=True)
digest, files = hashlib.sha256(), sorted(os.listdir(os.environ['SM_CHANNEL_DATA']))
for name in files:
    with open(os.path.join(os.environ['SM_CHANNEL_DATA'], name), 'rb') as file:
        digest.update(name.encode() + file.read())
print('channel', len(files), digest.hexdigest(), flush=True)
begin, done = time.monotonic(), 0
while done < lines and not stopped:
    due = min(lines, int((time.monotonic() - begin) * rate) + 1)
    now = time.time_ns() // 1000000
    for number in range(done, due):
        print('line', number, now)
    sys.stdout.flush()
    done = due
    time.sleep(0.02)
with open(os.path.join(os.environ['SM_MODEL_DIR'], '${ARTIFACT}'), 'wb') as file:
    file.write(hashlib.shake_256(token.encode()).digest(int(given('bytes'))))
print('end', done, flush=True)
sys.exit(int(given('exit')))
`

export function hyperparameters({ token, lines, linesPerSecond, artifactBytes, exitCode }: Work) {
  return {
    token,
    lines: String(lines),
    rate: String(linesPerSecond),
    bytes: String(artifactBytes),
    exit: String(exitCode),
  }
}

/** sha256 of the artifact that the script must have written. */
export function artifactDigest({ token, artifactBytes }: Work): string {
  const bytes = createHash('shake256', { outputLength: artifactBytes }).update(token).digest()
  return createHash('sha256').update(bytes).digest('hex')
}

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fastestOf, run } from '@sagebrush/dev-env'
import { pythonExample } from '@sagebrush/dev-env/python-example'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { awsCli2 } from '../../tools/test/aws-cli.ts'
import { requires } from '../../tools/test/requires.ts'

const example = pythonExample()
let work: string

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'cli-'))
})
afterAll(() => rmSync(work, { recursive: true }))

const image = '683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1'

/** Shell functions for jobs: `bundle BUCKET 'python code'`, `create JOB BUCKET`. */
const jobs = `
  bundle() {
    mkdir -p "$work/$1" && printf '%s\\n' "$2" > "$work/$1/script.py"
    tar -czf "$work/$1/code.tar.gz" -C "$work/$1" script.py
    aws s3 mb "s3://$1" >&2 && aws s3 cp "$work/$1/code.tar.gz" "s3://$1/code.tar.gz" >&2
  }
  create() {
    account=$(aws sts get-caller-identity --query Account --output text)
    aws sagemaker create-training-job --training-job-name "$1" --role-arn "arn:aws:iam::$account:role/R" \\
      --algorithm-specification TrainingImage=${image},TrainingInputMode=File \\
      --hyper-parameters "sagemaker_program=script.py,sagemaker_submit_directory=s3://$2/code.tar.gz" \\
      --output-data-config "S3OutputPath=s3://$2/out" --stopping-condition MaxRuntimeInSeconds=600 \\
      --resource-config InstanceType=ml.m5.large,InstanceCount=1,VolumeSizeInGB=1 >&2
  }`

function bash(script: string, options: { plain?: boolean; environment?: Record<string, string> } = {}) {
  const flags = options.plain ? ['run', '--plain', '--'] : ['run', '--']
  const environment = { PATH: example.path, work, ...options.environment }
  return example.server.sagebrush([...flags, 'bash', '-euo', 'pipefail', '-c', `${jobs}\n${script}`], environment)
}

test('s3: make, copy, sync, list, presign, remove', { timeout: 180_000 }, async () => {
  const done = await bash(`
    cd "$work" && aws s3 mb s3://files
    head -c 20000003 /dev/urandom > big
    aws s3 cp --only-show-errors big s3://files/deep/big
    aws s3 cp --only-show-errors s3://files/deep/big back && cmp big back
    aws s3 cp --only-show-errors s3://files/deep/big s3://files/deep/copy
    aws s3 cp --only-show-errors s3://files/deep/copy - | cmp big -
    curl -fsS "$(aws s3 presign s3://files/deep/big --expires-in 60)" | cmp big -
    echo parts "$(aws s3api head-object --bucket files --key deep/big --query ETag --output text)"
    mkdir -p tree/a && echo one > tree/a/1 && echo two > 'tree/two ü+&.txt'
    find tree -type f -exec touch -d '1 minute ago' {} + # S3 keeps whole seconds: what is of this one looks newer
    aws s3 sync tree s3://files/tree
    rm -r tree/a && echo three > tree/3 && touch -d '1 minute ago' tree/3
    echo second; aws s3 sync tree s3://files/tree --delete
    echo third; aws s3 sync tree s3://files/tree --delete
    echo listed; aws s3 ls s3://files/; aws s3 ls --recursive --summarize s3://files/tree/
    mkdir down && aws s3 sync --only-show-errors s3://files/tree down && diff -r tree down
    aws s3 rm --recursive s3://files/tree/
    aws s3 rb s3://files --force
    aws s3 ls s3://files 2>&1 || true`)
  expect(done.code, done.stderr).toBe(0)
  expect(done.stdout).toMatch(/parts "[0-9a-f]{32}-3"/)
  const second = done.stdout.slice(done.stdout.indexOf('second\n'), done.stdout.indexOf('third\n'))
  expect(second).toContain('delete: s3://files/tree/a/1')
  expect(second).toContain('upload: tree/3 to s3://files/tree/3')
  expect(second).not.toContain('two')
  expect(done.stdout).toContain('third\nlisted\n') // nothing is copied again
  expect(done.stdout).toMatch(/listed\n +PRE deep\/\n +PRE tree\/\n/)
  expect(done.stdout).toMatch(/ 6 tree\/3\n.* 4 tree\/two ü\+&\.txt\n\nTotal Objects: 2\n +Total Size: 10\n/)
  expect(done.stdout).toContain('delete: s3://files/tree/two ü+&.txt')
  expect(done.stdout).toMatch(/remove_bucket: files\n.*NoSuchBucket.*ListObjectsV2/s)
})

test('logs tail --follow prints lines as they come', { timeout: 120_000 }, async (context) => {
  requires(context, 'aws-cli-2')
  const done = await bash(
    `bundle follow 'import time
for n in range(6):
    print("line", n, flush=True)
    time.sleep(2)'
    create follow follow
    until aws logs describe-log-streams --log-group-name /aws/sagemaker/TrainingJobs --log-stream-name-prefix follow/ \\
      --query 'logStreams[].logStreamName' --output text 2>/dev/null | grep -q follow; do :; done
    aws logs tail /aws/sagemaker/TrainingJobs --log-stream-name-prefix follow/ --follow --format short > tailed &
    tail=$!
    until grep -q 'line 0' tailed; do sleep 0.1; done
    aws sagemaker describe-training-job --training-job-name follow --query TrainingJobStatus --output text
    until grep -q 'line 5' tailed; do sleep 0.1; done
    kill $tail
    aws sagemaker wait training-job-completed-or-stopped --training-job-name follow
    grep -o 'line [0-9]' tailed | tr '\\n' ','`.replaceAll(' tailed', ' "$work/tailed"'),
    { environment: { PATH: `${awsCli2()}:${process.env.PATH}` } },
  )
  expect(done.code, done.stderr).toBe(0)
  expect(done.stdout).toBe('InProgress\nline 0,line 1,line 2,line 3,line 4,line 5,')
})

// The held Describe is what is tested, so `run` is --plain: without the shortened sleeps. `env` never has them.
describe.each(['version 1', 'version 2'] as const)('%s', (version) => {
  test.each(['run --plain', 'eval "$(sagebrush env)"'] as const)(
    'waits for a job of a second for two under %s, though its waiter sleeps for two minutes',
    {
      timeout: 180_000,
    },
    async (way, context) => {
      if (version === 'version 2') requires(context, 'aws-cli-2')
      const PATH = version === 'version 2' ? `${awsCli2()}:${process.env.PATH}` : example.path
      const here = (script: string) =>
        way === 'run --plain'
          ? bash(script, { plain: true, environment: { PATH } })
          : example.server.shell(`set -euo pipefail\n${jobs}\n${script}`, { PATH, work })
      const name = `waits-${randomUUID()}`
      const made = await here(`bundle ${name} 'import time; time.sleep(1)'; create ${name} ${name}
      aws sagemaker wait training-job-completed-or-stopped --training-job-name ${name}`)
      expect(made.code, made.stderr).toBe(0)
      let attempt = 0
      const overhead = await fastestOf(2_000, async () => {
        const job = `${name}-${++attempt}`
        const done = await here(`create ${job} ${name}
        now() { date +%s%N; }
        wait_for_it() { aws sagemaker wait training-job-completed-or-stopped --training-job-name ${job}; }
        started=$(now); wait_for_it; waited=$(now); wait_for_it; again=$(now)
        # The second wait takes what the CLI takes to start and to ask once.
        echo $(( (waited - started - (again - waited)) / 1000000 ))`)
        expect(done.code, done.stderr).toBe(0)
        return Number(done.stdout)
      })
      expect(overhead).toBeLessThanOrEqual(2_000)
    },
  )
})

test('list-training-jobs filters', { timeout: 120_000 }, async () => {
  const done = await bash(`
    bundle lists 'import sys; sys.exit(0)'
    bundle fails 'import sys; print("the last words"); sys.exit(3)'
    create lists-good lists; create lists-bad fails
    for job in lists-good lists-bad; do
      aws sagemaker wait training-job-completed-or-stopped --training-job-name $job || true
    done
    names() { aws sagemaker list-training-jobs --query 'TrainingJobSummaries[].TrainingJobName' --output text "$@"; }
    echo "failed: $(names --status-equals Failed --name-contains lists)"
    echo "completed: $(names --status-equals Completed --name-contains lists-)"
    echo "by name: $(names --name-contains lists- --sort-by Name --sort-order Ascending)"
    echo "one: $(names --name-contains lists- --sort-by Name --sort-order Descending --max-items 1 | head -1)"
    echo "later: $(names --creation-time-after 2100-01-01)"
    aws sagemaker describe-training-job --training-job-name lists-bad --query FailureReason --output text`)
  expect(done.code, done.stderr).toBe(0)
  expect(done.stdout).toContain('failed: lists-bad\ncompleted: lists-good\nby name: lists-bad\tlists-good\n')
  expect(done.stdout).toMatch(/one: lists-good\nlater: (None)?\n/)
  expect(done.stdout).toContain('the last words')
})

test("a user's own ~/.aws is neither read nor sent", { timeout: 120_000 }, async () => {
  const home = mkdtempSync(join(tmpdir(), 'home-'))
  const aws = join(dirname(example.python), 'aws')
  const elsewhere = await listenElsewhere()
  try {
    mkdirSync(join(home, '.aws'))
    // Not the files' format: who reads one of them, says so and fails.
    for (const name of ['config', 'credentials']) writeFileSync(join(home, '.aws', name), 'AKIAFOREIGN is in here\n')
    const environment = {
      HOME: home,
      AWS_PROFILE: 'mine',
      AWS_ACCESS_KEY_ID: 'AKIAFOREIGN',
      AWS_ENDPOINT_URL: elsewhere.url,
      AWS_ENDPOINT_URL_STS: elsewhere.url,
      HTTPS_PROXY: elsewhere.url,
    }
    const control = await run(aws, ['configure', 'get', 'region'], { ...environment, PATH: example.path })
    expect(control.code).not.toBe(0)
    expect(control.stderr).toContain('Unable to parse config file')
    const done = await bash(
      `aws configure get region
      aws sts get-caller-identity --query Arn --output text
      aws s3 mb s3://own-keys
      aws configure list
      python -c 'import boto3; print(boto3.client("sts").get_caller_identity()["Arn"])'`,
      { environment },
    )
    expect(done.code, done.stderr).toBe(0)
    expect(done.stdout).toMatch(/^us-east-1\narn:aws:\w+::\d{12}:/)
    expect(done.stdout + done.stderr).not.toMatch(/FOREIGN|parse/)
    expect(elsewhere.requests).toEqual([])
  } finally {
    await elsewhere.close()
    rmSync(home, { recursive: true })
  }
})

/** Where the user's own settings point: it hears of nothing. */
async function listenElsewhere() {
  const requests: string[] = []
  const listener = createServer((request, response) => {
    requests.push(`${request.method} ${request.url} ${request.headers.authorization}`)
    response.writeHead(500).end()
  })
  listener.on('connect', (request, socket) => {
    requests.push(`CONNECT ${request.url}`)
    socket.end()
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  const close = async () => {
    listener.close()
    await once(listener, 'close')
  }
  return { url: `http://127.0.0.1:${port}`, requests, close }
}

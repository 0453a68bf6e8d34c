import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { until } from '@sagebrush/engine-kit'
import { skipsFor } from '@sagebrush/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadForeignImage } from './testing.ts'
import { type Bench, openBench } from './testing-bench.ts'

const run = promisify(execFile)
const OUTPUTS = [
  { archive: 'model.tar.gz', path: '/opt/ml/model', always: true },
  { archive: 'output.tar.gz', path: '/opt/ml/output/data', always: true },
  { archive: 'checkpoints.tar.gz', path: '/opt/ml/checkpoints', always: true },
]
/** Writes everywhere where a training container may. */
const WRITES = `id -u; cat /opt/ml/input/data/x/object; for f in model/m output/data/d checkpoints/c output/failure input/data/x/new
  do echo $f > /opt/ml/$f && echo "wrote $f"; done`
const WROTE = ['model/m', 'output/data/d', 'checkpoints/c', 'output/failure', 'input/data/x/new'].map(
  (f) => `wrote ${f}`,
)

/** A whole algorithm without a library: \`train\` copies the channel's object, \`serve\` answers with the model's first line. */
const STATIC = `
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
int main(int count, char **words) {
  char text[256] = "";
  if (count > 1 && !strcmp(words[1], "train")) {
    FILE *in = fopen("/opt/ml/input/data/x/object", "r"), *out = fopen("/opt/ml/model/m", "w");
    if (!in || !out || !fgets(text, sizeof text, in)) return perror("train"), 1;
    fprintf(out, "%s", text);
    return printf("trained on %s\\n", text), 0;
  }
  FILE *model = fopen("/opt/ml/model/m", "r");
  if (!model || !fgets(text, sizeof text, model)) return perror("serve"), 1;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(8080)};
  int server = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(server, (void *)&at, sizeof at) || listen(server, 8)) return perror("serve"), 1;
  for (;;) {
    int peer = accept(server, 0, 0);
    char asked[4096], answer[1024];
    read(peer, asked, sizeof asked);
    write(peer, answer, sprintf(answer, "HTTP/1.1 200 OK\\r\\ncontent-length: %zu\\r\\nconnection: close\\r\\n\\r\\n%s", strlen(text), text));
    close(peer);
  }
}`

describe.skipIf(skipsFor('docker'))('images of all kinds', () => {
  let bench: Bench
  let folder: string
  let program: Buffer
  beforeAll(async () => {
    bench = await openBench()
    folder = await mkdtemp(join(tmpdir(), 'static-'))
    await writeFile(join(folder, 'main.c'), STATIC)
    await run('gcc', ['-static', '-Os', '-s', '-o', join(folder, 'main'), join(folder, 'main.c')])
    program = await readFile(join(folder, 'main'))
    await bench.store('s3://b/x/', { object: 'an object' })
    await run('sh', ['-c', 'mkdir in && printf weights > in/m && tar -czf model.tar.gz -C in m'], { cwd: folder })
    await bench.store('s3://b/model.tar.gz', { 'model.tar.gz': await readFile(join(folder, 'model.tar.gz')) })
  })
  afterAll(async () => {
    await bench.close()
    await rm(folder, { recursive: true })
  })
  const inputs = channel()
  const model = [
    { kind: 'archive', path: '/opt/ml/model', source: { kind: 'object', uri: 's3://b/model.tar.gz' } },
  ] as const

  const members = async (id: string) => {
    const state = await bench.engine.observe(id)
    if (state.phase !== 'ended') throw new Error(state.phase)
    const listed = state.outputs.map(async ({ file }) => (await run('tar', ['-tzf', file])).stdout.trim())
    return await Promise.all(listed)
  }
  const answer = async (id: string) => {
    const address = await until('an address', async () => {
      const state = await bench.engine.observe(id)
      if (state.phase === 'ended' || state.phase === 'failed') throw new Error(JSON.stringify(state))
      return state.phase === 'running' ? state.address : undefined
    })
    if (!('port' in address)) throw new Error('no port')
    const url = `http://${address.host}:${address.port}/invocations`
    return await until(
      'an answer',
      async () =>
        await fetch(url, { method: 'POST' }).then(
          (r) => r.text(),
          () => undefined,
        ),
    )
  }

  test('a user that is not root writes its model, output and checkpoints', async () => {
    const image = await bench.image('user', { Dockerfile: `FROM ${bench.base}\nUSER 1234:5678\n` })
    const id = await bench.begin(image, ['/bin/bash', '-c', WRITES], { inputs, outputs: OUTPUTS })
    const { state, lines } = await bench.end(id)
    expect(lines).toEqual(['1234', 'an object', ...WROTE].join('\n').replace('an object\n', 'an object').split('\n'))
    expect(await members(id)).toEqual(['m', 'd', 'c'])
    expect(state).toMatchObject({ exit: { code: 0 }, outputs: { length: 3 } })
    const served = await bench.begin(
      image,
      ['/bin/bash', '-c', 'cat /opt/ml/model/m && echo more >> /opt/ml/model/new && ls /opt/ml/model'],
      {
        inputs: model,
        serves: true,
      },
    )
    expect((await bench.end(served)).lines).toEqual(['weightsm', 'new'])
  })

  test('one static program and nothing else trains and serves', async () => {
    const dockerfile = 'FROM scratch\nCOPY main /main\nUSER 1000\nENTRYPOINT ["/main"]\n'
    const image = await bench.image('scratch', { Dockerfile: dockerfile, main: program })
    const trained = await bench.end(await bench.begin(image, ['train'], { inputs, outputs: OUTPUTS }))
    expect(trained.lines).toEqual(['trained on an object'])
    expect(await members(trained.id)).toEqual(['m', '', ''])
    const id = await bench.begin(image, ['serve'], { inputs: model, serves: true })
    expect(await answer(id)).toBe('weights')
    await bench.engine.stop(id, 5_000)
    expect((await bench.end(id)).state).toMatchObject({ exit: { signal: 'SIGTERM', stopped: true } })
  })

  test('an entry point in shell form runs, and hears of a stop', async () => {
    const train = `#!/bin/bash\ntrap 'echo stopping; exit 0' TERM; echo "training with $# words"; while true; do sleep 0.1; done`
    const image = await bench.image('shell', {
      Dockerfile: `FROM ${bench.base}\nCOPY train /t\nENTRYPOINT exec /t\n`,
      train,
    })
    const id = await bench.begin(image, ['train'])
    await until('the start', async () => ((await bench.lines(id)).length > 0 ? true : undefined))
    await bench.engine.stop(id, 20_000)
    const { state, lines } = await bench.end(id)
    expect(lines).toEqual(['training with 0 words', 'stopping'])
    expect(state).toMatchObject({ exit: { code: 0, stopped: true } })
  })

  test('what cannot be run is told with the way out', async () => {
    const foreign = Buffer.from(program)
    foreign.writeUInt16LE(183, 18) // AArch64's number in an ELF file
    const files = { other: foreign, script: '#!/no/such/shell\n', locked: '#!/bin/sh\n' }
    const dockerfile = `FROM ${bench.base}\nCOPY other script locked /\nRUN chmod 644 /locked && rm /bin/sh\n`
    const image = await bench.image('bad', { Dockerfile: dockerfile, ...files })
    const reason = async (command: readonly string[]) => {
      const { state } = await bench.end(await bench.begin(image, command))
      expect({ command, ...state }).toMatchObject({ command, phase: 'failed', fault: 'user' })
      return state.phase === 'failed' ? state.message : ''
    }
    expect(await reason(['train'])).toMatch(/cannot be started with "train": .*PATH.*ENTRYPOINT/)
    expect(await reason(['/locked'])).toMatch(/"\/locked": .*[Pp]ermission denied.*chmod \+x/)
    expect(await reason(['/other'])).toMatch(/"\/other": /)
    expect(await reason(['/script'])).toMatch(/"\/script": /)
    expect(await reason(['/etc'])).toMatch(/"\/etc": /)
  })

  test('an image for another processor is told', async () => {
    const foreign = Buffer.from(program)
    const reference = `sagebrush-test/foreign-${process.pid}:1`
    bench.images.add(reference)
    const own = (await bench.engine.probe()).architecture
    const other = own === 'arm64' ? 'amd64' : 'arm64'
    foreign.writeUInt16LE(own === 'arm64' ? 62 : 183, 18)
    await loadForeignImage(bench.harness.api, reference, other, { main: foreign })
    const found = await bench.engine.find(reference)
    if (!found) throw new Error('not loaded')
    const { state } = await bench.end(await bench.begin(found, ['/main', 'train']))
    expect(state).toMatchObject({ phase: 'failed', fault: 'user' })
    expect(state.phase === 'failed' && state.message).toMatch(/foreign.*"\/main train": /)
    expect(state.phase === 'failed' && state.message).toContain(
      `The image is made for ${other} and this machine is ${own}: build or pull it with "--platform linux/${own}"`,
    )
  })

  test('an image that was removed since, or that has another name now, is told', async () => {
    const image = await bench.image('gone', { Dockerfile: 'FROM scratch\nLABEL a=b\n' })
    await bench.harness.api.call('DELETE', `/images/${image.reference}`)
    const { state } = await bench.end(await bench.begin(image, ['train']))
    expect(state).toMatchObject({ phase: 'failed', fault: 'user' })
    expect(state.phase === 'failed' && state.message).toMatch(
      new RegExp(`${image.reference}.*removed since.*Build or pull`),
    )
    const near = await bench.image('near', { Dockerfile: 'FROM scratch\nLABEL a=c\n' })
    const found = await bench.engine.nearest(near.reference.replace('near', 'naer'))
    expect(found).toContain(near.reference)
    // A name without a tag is one with `latest`.
    const [name] = near.reference.split(':')
    await bench.harness.api.call('POST', `/images/${near.reference}/tag`, { query: { repo: name, tag: 'latest' } })
    expect(await bench.engine.nearest(`${name}`.replace('near', 'naer'))).toContain(`${name}:latest`)
    await bench.harness.api.call('DELETE', `/images/${name}:latest`)
  })

  test('a name that is none of an image finds none, whatever it holds', async () => {
    for (const name of [
      'a b',
      '../containers/json',
      'x?y#z',
      'UPPER/Case:1',
      'é:1',
      'a//b',
      `${'a'.repeat(250)}`,
      '%2e%2e',
    ]) {
      expect(await bench.engine.find(name)).toBeUndefined()
    }
  })
})

function channel() {
  return [
    { kind: 'objects', path: '/opt/ml/input/data/x', channel: 'x', source: { kind: 'prefix', uri: 's3://b/x/' } },
  ] as const
}

describe.skipIf(skipsFor('docker'))('a root that is read-only', () => {
  let bench: Bench
  beforeAll(async () => {
    bench = await openBench({ readOnlyRoot: true })
    await bench.store('s3://b/x/', { object: 'an object' })
  })
  afterAll(async () => await bench.close())

  test.each(['root', '4321'])('keeps all but the contract’s folders and /tmp, as %s', async (user) => {
    const image = await bench.image(`read-only-${user}`, {
      Dockerfile: `FROM ${bench.base}\nRUN mkdir -p /opt/ml/code && chmod 777 /opt/ml/code /opt\nUSER ${user}\n`,
    })
    const script = `${WRITES}; printf '#!/bin/sh\\necho ran' > /tmp/x && chmod +x /tmp/x && /tmp/x
      for f in /opt/x /opt/ml/x /opt/ml/code/x /etc/x; do (echo x > $f) 2>/dev/null && echo "LEAK $f"; done; true`
    const id = await bench.begin(image, ['/bin/bash', '-c', script], { inputs: channel(), outputs: OUTPUTS })
    const { lines, state } = await bench.end(id)
    expect(state).toMatchObject({ phase: 'ended', exit: { code: 0 }, outputs: { length: 3 } })
    expect(lines.slice(1)).toEqual([`an object${WROTE[0]}`, ...WROTE.slice(1), 'ran'])
  })

  test('takes a model’s archive', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'read-only-'))
    await run('sh', ['-c', 'mkdir -p in/code && printf weights > in/code/m && tar -czf out -C in .'], { cwd: folder })
    await bench.store('s3://b/model.tar.gz', { 'model.tar.gz': await readFile(join(folder, 'out')) })
    await rm(folder, { recursive: true })
    const source = { kind: 'object', uri: 's3://b/model.tar.gz' } as const
    const { lines } = await bench.run('cat /opt/ml/model/code/m; echo >> /opt/ml/model/code/m && echo kept', {
      inputs: [{ kind: 'archive', path: '/opt/ml/model', source }],
      serves: true,
    })
    expect(lines).toEqual(['weightskept'])
  })
})

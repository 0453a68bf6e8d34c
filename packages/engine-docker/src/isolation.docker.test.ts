import { readFile, stat } from 'node:fs/promises'
import { skipsFor } from '@sagebrush/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Bench, openBench } from './testing-bench.ts'
import { isolationCases } from './testing-isolation.ts'

describe.skipIf(skipsFor('docker'))('with Docker', () => {
  isolationCases(async () => await openBench())
})

describe.skipIf(skipsFor('docker'))('what a container sees', () => {
  let bench: Bench
  beforeAll(async () => {
    bench = await openBench()
  })
  afterAll(async () => await bench.close())

  /** Mount points of the container's own. */
  const MOUNTS = `awk '$5 ~ "^/opt" {print $5}' /proc/self/mountinfo | sort`

  test('of /opt/ml, only the folders of the contract are mounted; the rest is the image’s', async () => {
    const image = await bench.image('own', {
      Dockerfile: `FROM ${bench.base}\nCOPY note /opt/ml/code/note\nCOPY note /opt/ml/note\nCOPY note /opt/ml/model/note\n`,
      note: 'of the image\n',
    })
    const command = ['/bin/bash', '-c', `${MOUNTS}; cat /opt/ml/code/note /opt/ml/note; ls /opt/ml /opt/ml/model`]
    const outputs = [{ archive: 'checkpoints.tar.gz', path: '/opt/ml/checkpoints', always: false }]
    const training = await bench.end(await bench.begin(image, command))
    const own = [
      'of the image',
      'of the image',
      '/opt/ml:',
      'code',
      'input',
      'model',
      'note',
      'output',
      '',
      '/opt/ml/model:',
    ]
    expect(training.lines).toEqual(['/opt/ml/input', '/opt/ml/model', '/opt/ml/output', ...own])
    const kept = await bench.end(await bench.begin(image, command, { outputs }))
    expect(kept.lines.slice(0, 4)).toEqual(['/opt/ml/checkpoints', '/opt/ml/input', '/opt/ml/model', '/opt/ml/output'])
    // A model without artifacts is wholly the image's.
    const serving = await bench.end(await bench.begin(image, command, { serves: true }))
    const parts = ['of the image', 'of the image', '/opt/ml:', 'code', 'model', 'note', '', '/opt/ml/model:', 'note']
    expect(serving.lines).toEqual(parts)
  })

  test('nothing of the server’s home, and none of its powers', async () => {
    const { root } = bench.harness
    const stored = await bench.store('s3://b/x/', { object: 'as stored' })
    const script = `ls ${root} ${stored}; ls /var/run/docker.sock; head -c 10 /dev/vda; mknod /tmp/d b 8 0 && head -c 1 /tmp/d
      mount -t tmpfs none /mnt && echo MOUNTED; umount /opt/ml/input && echo UNMOUNTED; echo x > /proc/sysrq-trigger && echo SYSRQ
      grep -c ${root} /proc/self/mountinfo; echo changed > /opt/ml/input/data/x/object; chmod 777 /opt/ml/input/data/x/object; find / -xdev -name object`
    const { lines, state } = await bench.run(script, { inputs: bench.channel('s3://b/x/') })
    expect(state.phase).toBe('ended')
    expect(lines.filter((line) => /^(MOUNTED|UNMOUNTED|SYSRQ)/.test(line))).toEqual([])
    for (const path of [root, stored, '/var/run/docker.sock']) {
      expect(lines).toContain(`ls: cannot access '${path}': No such file or directory`)
    }
    expect(lines.join('\n')).toMatch(/head: cannot open '\/dev\/vda'/)
    expect(await readFile(stored, 'utf8')).toBe('as stored')
    expect((await stat(stored)).mode & 0o777).toBe(0o644)
  })
})

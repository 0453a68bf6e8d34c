import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { lacking, testVenv } from '@sagebrush/testing'
import type { Bench } from './bench.ts'
import { builtImage, docker, lacksDocker } from './container.ts'
import { figure, unmeasured } from './figure.ts'
import { openLab } from './lab.ts'
import { median } from './measure.ts'

const n = 7
const script = fileURLToPath(new URL('load/fit.py', import.meta.url))
const total = { name: 'training-total-vs-local-mode', unit: 'ms', target: { of: 'ratio', atMost: 0.5 } } as const
const fit = { name: 'sdk-fit-vs-local-mode', unit: 'ms', target: { of: 'ratio', atMost: 1 } } as const

type Way = 'local' | 'sdk' | 'api'

export const localMode: Bench = {
  name: 'local-mode',
  measures:
    'an empty job in a container from CreateTrainingJob to Completed, and fit(), beside the SDK’s own local mode',
  async *run(say) {
    const reason = (await lacksDocker()) ?? lacksCompose() ?? lacking('sagemaker-sdk')
    if (reason !== undefined) {
      for (const each of [total, fit]) yield unmeasured({ ...each, reason })
      return
    }
    const python = await testVenv('sagemaker-sdk')
    const image = await builtImage('sagebrush-bench/empty:1', {
      Dockerfile: 'FROM debian:bookworm-slim\nCOPY train /usr/local/bin/train\n',
      train: '#!/bin/sh\nexit 0\n',
    })
    const lab = await openLab()
    try {
      say(`${n} jobs in each of three ways, in turns`)
      const { code, stdout, stderr } = await lab.sagebrush(
        ['run', '--', python, script, image, lab.facts.roleArn, String(n)],
        { SAGEMAKER_SUPPRESS_V2_WARNING: '1', COMPOSE_INTERACTIVE_NO_CLI: '1' },
      )
      if (code !== 0) throw new Error(`the SDK's program failed: ${stderr.slice(-3000)}`)
      // The SDK itself prints while it is loaded.
      const lines = stdout.split('\n').filter((line) => line.startsWith('{'))
      const samples = lines.map((line): { way: Way; ms: number } => JSON.parse(line))
      const of = (way: Way) => median(samples.filter((sample) => sample.way === way).map(({ ms }) => ms))
      yield figure({ ...total, ours: of('api'), peer: of('local'), n })
      yield figure({ ...fit, ours: of('sdk'), peer: of('local'), n })
    } finally {
      await lab.close()
      // Compose leaves its stopped containers.
      const left = await docker('ps', '--all', '--quiet', '--filter', `ancestor=${image}`)
      if (left !== '') await docker('rm', '--force', ...left.split('\n'))
    }
  },
}

/** The SDK's local mode starts its containers by Compose. */
function lacksCompose(): string | undefined {
  const found = [
    ['docker', 'compose', 'version'],
    ['docker-compose', '--version'],
  ].some(([command = '', ...args]) => spawnSync(command, args).status === 0)
  return found ? undefined : 'no Docker Compose (Debian: apt-get install docker-compose)'
}

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bench } from './bench.ts'
import { createContainerJob, docker, lacksDocker, pythonImage } from './container.ts'
import { figure, unmeasured } from './figure.ts'
import { firstStatement } from './first-statement.ts'
import { createJob, jobDone, type Lab, openLab, uploadArchive } from './lab.ts'
import { alternate, median, until } from './measure.ts'

// CLOCK_MONOTONIC is one clock for Node's hrtime and Python's monotonic_ns, and no adjustment of the time moves it.
const script =
  'import time; first = time.monotonic_ns()\nimport sys; print("first", first, sys.executable, flush=True)\n'
const n = 20

/** The same as a container's command, where no file is needed. */
const statement =
  "import time; first = time.monotonic_ns(); import sys; print('first', first, sys.executable, flush=True)"
const inDocker = {
  name: 'training-start-docker',
  unit: 'ms',
  target: { of: 'ratio', atMost: 1.3 },
} as const

export const trainingStart: Bench = {
  name: 'training-start',
  measures: 'CreateTrainingJob sent → the first statement of the script or container, beside the same started bare',
  async *run(say) {
    const lab = await openLab()
    const folder = mkdtempSync(join(tmpdir(), 'sagebrush-bench-'))
    try {
      const bare = join(folder, 'first.py')
      writeFileSync(bare, script)
      const code = await uploadArchive(lab, 'code/sourcedir.tar.gz', { 'first.py': script })
      say('making the environment warm')
      const { python } = await oneJob(lab, 'warm-0', code)
      await oneJob(lab, 'warm-1', code)
      say(`${n} jobs, in turns with the bare start of ${python}`)
      const samples = await alternate(
        n,
        async (round) => (await oneJob(lab, `start-${round}`, code)).ms,
        async () => bareStart(python, bare),
      )
      yield figure({
        name: 'training-start-process',
        ours: median(samples.ours),
        peer: median(samples.peer),
        unit: 'ms',
        n,
        target: { of: 'ours', atMost: 150 },
      })
      const lacking = await lacksDocker()
      yield lacking === undefined ? await containers(lab, say) : unmeasured({ ...inDocker, reason: lacking })
    } finally {
      rmSync(folder, { recursive: true })
      await lab.close()
    }
  },
}

async function containers(lab: Lab, say: (text: string) => void) {
  const image = await pythonImage()
  const entrypoint = ['python3', '-c', statement]
  const ours = async (name: string) => {
    const { ms } = await timedJob(lab, name, () => createContainerJob(lab, name, { image, entrypoint }))
    await containersGone(lab, name)
    return ms
  }
  say('making the container engine warm')
  for (const name of ['warm-2', 'warm-3']) await ours(name)
  say(`${n} containers, in turns with a bare docker run`)
  const samples = await alternate(
    n,
    (round) => ours(`container-${round}`),
    () => bareContainer(image),
  )
  return figure({ ...inDocker, ours: median(samples.ours), peer: median(samples.peer), n })
}

/** `docker run --rm` ends when its container is gone; the removal of ours is not to fall on what is measured next. */
async function containersGone({ facts }: Lab, job: string): Promise<void> {
  const label = `label=sagebrush.arn=arn:aws:sagemaker:${facts.region}:${facts.account}:training-job/${job}`
  const gone = async () => ((await docker('ps', '--all', '--quiet', '--filter', label)) === '' ? true : undefined)
  await until(`the end of the container of ${job}`, gone, { everyMs: 50, limitMs: 30_000 })
}

async function bareContainer(image: string): Promise<number> {
  const started = process.hrtime.bigint()
  const said = await docker('run', '--rm', '--entrypoint', 'python3', image, '-c', statement)
  return Number(BigInt(said.split(' ')[1] ?? 0) - started) / 1e6
}

function oneJob(lab: Lab, name: string, code: string): Promise<{ ms: number; python: string }> {
  return timedJob(lab, name, () => createJob(lab, name, code))
}

async function timedJob(lab: Lab, name: string, create: () => Promise<void>): Promise<{ ms: number; python: string }> {
  const sent = process.hrtime.bigint()
  await create()
  // No client asks so often that its asking delays what is measured.
  await jobDone(lab, name, 200)
  const { first, python } = await firstStatement(lab, name)
  return { ms: Number(first - sent) / 1e6, python }
}

function bareStart(python: string, path: string): number {
  const started = process.hrtime.bigint()
  const said = execFileSync(python, [path], { encoding: 'utf8' })
  return Number(BigInt(said.split(' ')[1] ?? 0) - started) / 1e6
}

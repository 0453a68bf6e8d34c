import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { bucket, channelOf, type Lab } from './lab.ts'

const run = promisify(execFile)

/** Why no container can be run here; undefined where one can. */
export async function lacksDocker(): Promise<string | undefined> {
  try {
    await docker('version', '--format', '{{.Server.Version}}')
    return undefined
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
    return `no container engine answers${said ? `: ${said.split('\n').at(-1)}` : ''}`
  }
}

/** What docker prints. */
export async function docker(...words: readonly string[]): Promise<string> {
  const { stdout } = await run('docker', words, { maxBuffer: 64 * 1024 * 1024 })
  return stdout.trim()
}

/** An image with Python. */
export async function pythonImage(): Promise<string> {
  const install = 'apt-get update && apt-get install -y --no-install-recommends python3'
  return await builtImage('sagebrush-bench/python:1', { Dockerfile: `FROM debian:bookworm-slim\nRUN ${install}\n` })
}

/** Built of a Dockerfile and what is beside it, once, and then kept. */
export async function builtImage(tag: string, files: Readonly<Record<string, string>>): Promise<string> {
  if (await docker('image', 'inspect', '--format', '{{.Id}}', tag).catch(() => undefined)) return tag
  const folder = await mkdtemp(join(tmpdir(), 'sagebrush-bench-'))
  try {
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content, { mode: 0o755 })
    await docker('build', '--quiet', '--tag', tag, folder)
    return tag
  } finally {
    await rm(folder, { recursive: true })
  }
}

interface ContainerJob {
  readonly image: string
  readonly entrypoint: string[]
  readonly environment?: Record<string, string>
  /** A channel `train` of all below an s3:// address. */
  readonly channel?: string
}

/** Starts a training job of an image's own command; resolves when the server has taken it. */
export async function createContainerJob(lab: Lab, name: string, job: ContainerJob): Promise<void> {
  await lab.sagemaker.createTrainingJob({
    TrainingJobName: name,
    RoleArn: lab.facts.roleArn,
    AlgorithmSpecification: {
      TrainingImage: job.image,
      TrainingInputMode: 'File',
      ContainerEntrypoint: job.entrypoint,
    },
    ...(job.environment && { Environment: job.environment }),
    ...(job.channel && { InputDataConfig: [channelOf(job.channel)] }),
    OutputDataConfig: { S3OutputPath: `s3://${bucket}/out` },
    ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: 1, VolumeSizeInGB: 1 },
    StoppingCondition: { MaxRuntimeInSeconds: 600 },
  })
}

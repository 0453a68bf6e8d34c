import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { ContainerImage, ObjectReader } from '@sagebrush/core'
import { type EngineHarness, shellCommand } from '@sagebrush/engine-kit'
import { pack } from 'tar-stream'
import { type EngineAddress, EngineApi } from './engine-api.ts'
import { type DockerEngine, type DockerEngineOptions, openDockerEngine } from './index.ts'
import { HOME_LABEL, homeLabel } from './options.ts'

/** What every test image is built from; CI makes it of Debian's packages where no registry can be reached. */
const BASE = 'debian:bookworm-slim'
export const PYTHON = 'sagebrush-test/python:2'

export function testAddress(): EngineAddress {
  const host = process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock'
  const url = new URL(host)
  return url.protocol === 'unix:' ? { socketPath: url.pathname } : { host: url.hostname, port: Number(url.port) }
}

/** Builds an image of a Dockerfile and files beside it; kept for the next run where `keep` says so. */
export async function buildImage(
  api: EngineApi,
  tag: string,
  files: Readonly<Record<string, string | Buffer>>,
): Promise<ContainerImage> {
  const tar = pack()
  for (const [name, content] of Object.entries(files)) tar.entry({ name, mode: 0o755 }, content)
  tar.finalize()
  const response = await api.stream('POST', '/build', { query: { t: tag, rm: true }, tar: await buffer(tar) })
  let said = ''
  for await (const chunk of response) said += chunk.toString('utf8')
  const found = (await api.find('GET', `/images/${tag}/json`)) as { readonly Id: string } | undefined
  if (!found || said.includes('"errorDetail"')) throw new Error(`${tag} could not be built: ${said.slice(-2000)}`)
  return { kind: 'container', reference: tag, id: found.Id, reason: 'for tests' }
}

/** An image of one layer that says that it is made for that processor, kept until it is removed. */
export async function loadForeignImage(
  api: EngineApi,
  tag: string,
  architecture: string,
  files: Readonly<Record<string, Buffer>>,
): Promise<void> {
  const packed = async (entries: Readonly<Record<string, string | Buffer>>) => {
    const tar = pack()
    for (const [name, content] of Object.entries(entries)) tar.entry({ name, mode: 0o755 }, content)
    tar.finalize()
    return await buffer(tar)
  }
  const layer = await packed(files)
  const config = {
    architecture,
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [`sha256:${createHash('sha256').update(layer).digest('hex')}`] },
    history: [{ created: '2026-01-01T00:00:00Z' }],
  }
  const manifest = [{ Config: 'config.json', RepoTags: [tag], Layers: ['layer.tar'] }]
  const tar = await packed({
    'config.json': JSON.stringify(config),
    'layer.tar': layer,
    'manifest.json': JSON.stringify(manifest),
  })
  const answer = await api.stream('POST', '/images/load', { tar })
  for await (const _ of answer) void _
}

/** An image with bash and Python, made once. */
export async function pythonImage(api: EngineApi): Promise<ContainerImage> {
  const found = (await api.find('GET', `/images/${PYTHON}/json`)) as { readonly Id: string } | undefined
  if (found) return { kind: 'container', reference: PYTHON, id: found.Id, reason: 'for tests' }
  const install = 'apt-get update && apt-get install -y --no-install-recommends python3'
  return await buildImage(api, PYTHON, { Dockerfile: `FROM ${BASE}\nRUN ${install}\n` })
}

/** Brings the image from the machine's engine to another one. */
async function copyImage(from: EngineApi, to: EngineApi): Promise<void> {
  if (await to.find('GET', `/images/${PYTHON}/json`)) return
  await pythonImage(from)
  const tar = await from.stream('GET', `/images/${PYTHON}/get`)
  const answer = await to.stream('POST', '/images/load', { tar })
  for await (const _ of answer) void _
}

export interface DockerHarness extends EngineHarness {
  readonly api: EngineApi
  readonly root: string
  readonly options: Omit<DockerEngineOptions, 'objects'>
  open(objects: ObjectReader): Promise<DockerEngine>
}

export async function dockerHarness(more: Partial<DockerEngineOptions> = {}): Promise<DockerHarness> {
  const folder = await mkdtemp(join(tmpdir(), 'engine-docker-'))
  const root = join(folder, 'containers')
  const address = more.address ?? testAddress()
  const api = new EngineApi(address)
  if (more.address) await copyImage(new EngineApi(testAddress()), api)
  const image = await pythonImage(api)
  const options = {
    root,
    address,
    environment: async () => {
      throw new Error('no managed image here')
    },
    answerOn: async () => {},
    ...more,
  }
  const label = `${HOME_LABEL}=${homeLabel(root)}`
  return {
    api,
    root,
    options,
    image,
    command: shellCommand,
    open: async (objects) => {
      const engine = await openDockerEngine({ ...options, objects })
      await engine.probe() // else a test's leftovers hold the probe's container
      return engine
    },
    leftovers: async () => await leftovers(api, label),
    close: async () => {
      const networks = (await api.call('GET', '/networks', { query: { filters: { label: [label] } } })) as object[]
      if (networks.length > 0) throw new Error(`networks are left: ${JSON.stringify(networks)}`)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Containers and volumes that bear the label. */
async function leftovers(api: EngineApi, label: string): Promise<readonly string[]> {
  const filters = { label: [label] }
  const containers = (await api.call('GET', '/containers/json', { query: { all: true, filters } })) as { Id: string }[]
  const volumes = (await api.call('GET', '/volumes', { query: { filters } })) as { Volumes: { Name: string }[] | null }
  return [
    ...containers.map(({ Id }) => `container ${Id}`),
    ...(volumes.Volumes ?? []).map(({ Name }) => `volume ${Name}`),
  ]
}

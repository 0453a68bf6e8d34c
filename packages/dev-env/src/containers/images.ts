import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Builds an image with the docker of this machine. `files` holds a Dockerfile. */
export async function buildImage(tag: string, files: Readonly<Record<string, string>>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'image-'))
  try {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true })
      await writeFile(join(folder, name), content, { mode: 0o755 })
    }
    await run('docker', ['build', '--quiet', '--tag', tag, folder])
  } finally {
    await rm(folder, { recursive: true })
  }
}

export async function removeImages(...tags: readonly string[]): Promise<void> {
  await run('docker', ['image', 'rm', '--force', ...tags]).catch(() => {})
}

/** What docker prints. */
export async function docker(...words: readonly string[]): Promise<string> {
  const { stdout } = await run('docker', words, { maxBuffer: 64 * 1024 * 1024 })
  return stdout.trim()
}

/** A base with Python, made once and kept: test images stand on it. */
export async function pythonBase(): Promise<string> {
  const tag = 'sagebrush-test/python:2'
  const there = await docker('image', 'inspect', '--format', '{{.Id}}', tag).catch(() => '')
  if (there === '') {
    const install = 'apt-get update && apt-get install -y --no-install-recommends python3'
    await buildImage(tag, { Dockerfile: `FROM debian:bookworm-slim\nRUN ${install}\n` })
  }
  return tag
}

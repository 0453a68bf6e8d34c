import { createReadStream } from 'node:fs'
import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type Pack, pack } from 'tar-stream'
import { type EngineAddress, EngineApi } from '../engine-api.ts'

export interface BuildOrder {
  readonly address: EngineAddress
  /** Name and tag. */
  readonly tag: string
  readonly dockerfile: string
  /** Folders of this machine, and what they are called beside the Dockerfile. */
  readonly folders: readonly { readonly from: string; readonly to: string; readonly leave?: readonly string[] }[]
  /** First lines of scripts that name a program of this machine: what to write in its place. */
  readonly interpreters: Readonly<Record<string, string>>
}

/** Most of what the engine said that an error holds. */
const MOST_CHARACTERS = 2_000

/** Builds an image; the engine gives up where `signal` is aborted. Throws an Error with the engine's last words. */
export async function buildImage(order: BuildOrder, signal: AbortSignal): Promise<void> {
  const context = pack()
  const answer = new EngineApi(order.address).stream('POST', '/build', {
    query: { t: order.tag, rm: true, forcerm: true },
    tar: context,
    signal,
  })
  answer.catch(() => {})
  try {
    context.entry({ name: 'Dockerfile' }, order.dockerfile)
    for (const { from, to, leave = [] } of order.folders) await addFolder(context, from, to, leave, order.interpreters)
    context.finalize()
  } catch (error) {
    context.destroy()
    await answer.catch(() => {})
    throw error
  }
  let said = ''
  for await (const chunk of await answer) said = (said + chunk.toString('utf8')).slice(-4 * MOST_CHARACTERS)
  const messages = said.split('\n').flatMap(messageOf)
  const failed = messages.find(({ failed }) => failed)
  if (!failed) return
  throw new Error(
    messages
      .map(({ text }) => text)
      .join('')
      .slice(-MOST_CHARACTERS),
  )
}

function messageOf(line: string): { readonly text: string; readonly failed: boolean }[] {
  try {
    const { stream, error } = JSON.parse(line)
    if (error) return [{ text: String(error), failed: true }]
    return stream ? [{ text: String(stream), failed: false }] : []
  } catch {
    return [] // the first line may be cut
  }
}

async function addFolder(
  context: Pack,
  folder: string,
  name: string,
  leave: readonly string[],
  interpreters: BuildOrder['interpreters'],
): Promise<void> {
  const entries = await readdir(folder)
  for (const each of entries.sort()) {
    if (leave.includes(each)) continue
    const path = join(folder, each)
    const target = posix.join(name, each)
    const found = await lstat(path)
    const header = { name: target, mode: (found.mode & 0o777) | 0o444, mtime: found.mtime }
    if (found.isSymbolicLink()) context.entry({ ...header, type: 'symlink', linkname: await readlink(path) })
    else if (found.isDirectory()) {
      context.entry({ ...header, type: 'directory', mode: 0o755 })
      await addFolder(context, path, target, [], interpreters)
    } else if (found.isFile()) {
      const script = (header.mode & 0o111) === 0 ? undefined : await scriptWith(path, interpreters)
      if (script) context.entry(header, script)
      else await pipeline(createReadStream(path), context.entry({ ...header, size: found.size }))
    }
  }
}

/** The script with its interpreter exchanged, or undefined for what is none. */
async function scriptWith(path: string, interpreters: BuildOrder['interpreters']): Promise<string | undefined> {
  const bytes = await readFile(path)
  if (bytes[0] !== 0x23 || bytes[1] !== 0x21) return undefined
  const text = bytes.toString('utf8')
  const end = text.indexOf('\n')
  const found = Object.keys(interpreters).find((program) => text.startsWith(`#!${program}`))
  return found && `#!${interpreters[found]}${text.slice(2 + found.length, end)}${text.slice(end)}`
}

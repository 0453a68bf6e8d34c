import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { runningServer, type ServerRecord } from '@sagebrush/server/client'
import { Command } from 'commander'
import { askServer } from '../ask-server.ts'
import { configOf, withSettings } from '../settings-options.ts'
import { version } from '../version.ts'

export function backupCommand(): Command {
  return withSettings(new Command('backup'))
    .description('write the home, secrets included, to a new tar file (mode 0600); a server on it goes on meanwhile')
    .argument('<file>', 'the file to write')
    .action(async (file: string, options) => {
      const { config } = configOf(options)
      const target = resolve(file)
      const { backUpStopped } = await import('@sagebrush/server')
      const record = runningServer(config.home)
      const { sizeBytes } = record
        ? await backUpRunning(record, target)
        : await backUpStopped(config.home, target, version)
      process.stdout.write(`${target}: ${(sizeBytes / 1024 ** 2).toFixed(1)} MiB, with the keys of ${config.home}\n`)
    })
}

/** The server only marks the moment; the bytes are read here, so that it has nothing to do meanwhile. */
async function backUpRunning(record: ServerRecord, target: string) {
  const { writeArchive } = await import('@sagebrush/server')
  const { folder } = await askServer(record, 'POST', 'snapshot')
  try {
    return await writeArchive(String(folder), target, version)
  } finally {
    await rm(String(folder), { recursive: true, force: true })
  }
}

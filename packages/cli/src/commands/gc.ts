import { Command } from 'commander'
import { askServer } from '../ask-server.ts'
import { requireRunning } from '../running.ts'
import { configOf, withSettings } from '../settings-options.ts'

export function gcCommand(): Command {
  return withSettings(new Command('gc'))
    .description('remove what nothing refers to any more: orphaned bytes, expired keys and log streams')
    .action(async (options) => {
      const { record } = requireRunning(configOf(options))
      const result = await askServer(record, 'POST', 'gc')
      const { objects, expiredKeys, expiredLogStreams } = result as unknown as Collected
      const size = `${(objects.bytes / 1024 ** 2).toFixed(1)} MiB`
      process.stdout.write(`orphaned bytes of objects   ${size} in ${objects.blobs} files\n`)
      process.stdout.write(`unfinished uploads' rows    ${objects.rows}\n`)
      process.stdout.write(`expired keys                ${expiredKeys}\n`)
      process.stdout.write(`expired log streams         ${expiredLogStreams}\n`)
    })
}

/** As the server answers. */
interface Collected {
  readonly objects: { readonly blobs: number; readonly bytes: number; readonly rows: number }
  readonly expiredKeys: number
  readonly expiredLogStreams: number
}

import { execFileSync } from 'node:child_process'
import { bucket, openClients } from './clients.ts'
import { containersOf } from './engines.ts'
import { Fleet } from './fleet.ts'
import type { Random } from './random.ts'
import { ServerUnderTest } from './server.ts'
import { until } from './until.ts'

/** Has the machine's own engine make the image that the runs' tasks have, by one job, and saves it as an archive. */
export async function saveTaskImage(archive: string, random: Random): Promise<void> {
  const run = `chaos-image-${random.below(1e9).toString(36)}`
  const server = await ServerUnderTest.open('docker')
  try {
    await server.up()
    const clients = openClients(server.home)
    await clients.s3.createBucket({ Bucket: bucket })
    const work = { lines: 1_000, linesPerSecond: 500, artifactBytes: 1024, channelObjects: 1 }
    const fleet = new Fleet({ clients, run, random, ...work })
    await fleet.upload()
    const job = await fleet.start('Completed')
    const id = await until('the container of a job', 300, async () => {
      const { status, reason } = await fleet.statusOf(job)
      if (status === 'Failed') throw new Error(`${job.name} has failed: ${reason}`)
      return containersOf(server.home, '{{.Image}}')[0]
    })
    const [tag = ''] = JSON.parse(docker('image', 'inspect', '--format', '{{json .RepoTags}}', id))
    docker('save', '--output', archive, tag)
    await until('the end of a job', 60, async () => (await fleet.statusOf(job)).status !== 'InProgress' || undefined)
    clients.close()
    await server.down()
  } finally {
    await server.kill()
    server.removeFolder()
  }
}

function docker(...args: readonly string[]): string {
  return execFileSync('docker', args, { encoding: 'utf8' })
}

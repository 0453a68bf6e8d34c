import type { Channel } from '@sagebrush/contract/sagemaker'
import type { ObjectSource, TaskInput } from '@sagebrush/core'
import { CODE_FOLDER, scriptArchive } from '../script-archive.ts'
import type { Host } from './hosts.ts'
import type { TrainingJob } from './training-job.ts'

const DATA = '/opt/ml/input/data'

/** What is staged into the task of one host. */
export function trainingInputs(job: TrainingJob, host: Host, restoreCheckpoints: boolean): TaskInput[] {
  const channels = (job.request.InputDataConfig ?? []).flatMap((channel): TaskInput[] => {
    const source = channelSource(channel, job, host)
    if (!source) return []
    return [{ kind: 'objects', path: `${DATA}/${channel.ChannelName}`, source, channel: channel.ChannelName }]
  })
  const submitted = submitDirectory(job)
  const checkpoints = job.request.CheckpointConfig
  return [
    ...channels,
    ...(submitted ? [{ kind: 'objects', path: CODE_FOLDER, source: { kind: 'object', uri: submitted } } as const] : []),
    ...(checkpoints && restoreCheckpoints
      ? [
          {
            kind: 'objects',
            path: checkpointPath(job),
            source: { kind: 'prefix', uri: folderUri(checkpoints.S3Uri) },
          } as const,
        ]
      : []),
  ]
}

export function checkpointPath(job: TrainingJob): string {
  return job.request.CheckpointConfig?.LocalPath?.replace(/\/+$/, '') ?? '/opt/ml/checkpoints'
}

/** With one `/` at its end: what is below it, and nothing whose name merely begins alike. */
export function folderUri(uri: string): string {
  return `${uri.replace(/\/+$/, '')}/`
}

/** The objects of a channel, the same for all hosts; undefined where its data does not come from S3. */
export function wholeChannel(channel: Channel): ObjectSource | undefined {
  const source = channel.DataSource.S3DataSource
  if (!source) return undefined
  return { kind: source.S3DataType === 'ManifestFile' ? 'manifest' : 'prefix', uri: source.S3Uri }
}

/** The part of the channel that this host gets; undefined where the channel is not for its instance group. */
function channelSource(channel: Channel, job: TrainingJob, host: Host): ObjectSource | undefined {
  const whole = wholeChannel(channel)
  const source = channel.DataSource.S3DataSource
  if (!whole || !source) return undefined
  const groups = source.InstanceGroupNames ?? []
  const receivers = job.hosts.filter(({ group }) => groups.length === 0 || groups.includes(group))
  const index = receivers.findIndex(({ name }) => name === host.name)
  if (index < 0) return undefined
  if (source.S3DataDistributionType !== 'ShardedByS3Key' || whole.kind === 'object') return whole
  return receivers.length === 1 ? whole : { ...whole, share: { index, of: receivers.length } }
}

/** The archive that the job's script is in, where it is in S3. */
export function submitDirectory(job: TrainingJob): string | undefined {
  return scriptArchive(job.request.HyperParameters?.sagemaker_submit_directory)
}

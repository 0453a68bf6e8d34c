import type { TrainingJob } from './training-job.ts'

const CONFIG = '/opt/ml/input/config'

/** The three files below `/opt/ml/input/config` that a training container reads, for one host. */
export function configFiles(
  job: TrainingJob,
  host: string,
  networkInterfaceName: string,
): { path: string; content: string }[] {
  const files = {
    'hyperparameters.json': job.request.HyperParameters ?? {},
    'inputdataconfig.json': inputDataConfig(job),
    'resourceconfig.json': resourceConfig(job, host, networkInterfaceName),
  }
  return Object.entries(files).map(([name, value]) => ({ path: `${CONFIG}/${name}`, content: JSON.stringify(value) }))
}

/** FastFile shows the container the same view as File, and says "File" as AWS does. */
function inputDataConfig(job: TrainingJob): object {
  return Object.fromEntries(
    (job.request.InputDataConfig ?? []).map((channel) => [
      channel.ChannelName,
      {
        ...(channel.ContentType === undefined ? {} : { ContentType: channel.ContentType }),
        TrainingInputMode: 'File',
        S3DistributionType: channel.DataSource.S3DataSource?.S3DataDistributionType ?? 'FullyReplicated',
        RecordWrapperType: channel.RecordWrapperType ?? 'None',
      },
    ]),
  )
}

function resourceConfig(job: TrainingJob, host: string, networkInterfaceName: string): object {
  const current = job.hosts.find(({ name }) => name === host)
  const groups = [...new Set(job.hosts.map(({ group }) => group))]
  return {
    current_host: host,
    current_instance_type: current?.instanceType,
    current_group_name: current?.group,
    hosts: sorted(job.hosts),
    instance_groups: groups.map((group) => {
      const members = job.hosts.filter((member) => member.group === group)
      return { instance_group_name: group, instance_type: members[0]?.instanceType, hosts: sorted(members) }
    }),
    network_interface_name: networkInterfaceName,
  }
}

/** In the order of their text, as AWS's containers sort them: algo-1, algo-10, algo-2. */
function sorted(hosts: readonly { readonly name: string }[]): string[] {
  return hosts.map(({ name }) => name).sort()
}

import type { Scope, TaskInput, TaskSpec } from '@sagebrush/core'
import { instanceResources } from '../instance-type.ts'
import { CODE_FOLDER, scriptArchive, stagedArchive } from '../script-archive.ts'
import type { Endpoint, Instance, Variant } from './endpoint.ts'

const MODEL = '/opt/ml/model'

/** What the engine is to run for one instance of a variant. */
export function servingTask(
  scope: Scope,
  endpoint: Endpoint,
  variant: Variant,
  instance: Instance,
  serverEnvironment: Readonly<Record<string, string>>,
): TaskSpec {
  const script = scriptArchive(variant.environment.SAGEMAKER_SUBMIT_DIRECTORY)
  return {
    id: instance.taskId,
    scope,
    labels: { kind: 'endpoint', arn: endpoint.arn, variant: variant.name, instance: instance.name },
    image: variant.image,
    command: variant.command,
    serverEnvironment,
    environment: {
      ...variant.environment,
      AWS_REGION: scope.region,
      ...(script ? stagedArchive(script) : {}),
    },
    files: [],
    inputs: [
      ...modelInput(variant),
      ...(script ? [{ kind: 'objects', path: CODE_FOLDER, source: { kind: 'object', uri: script } } as const] : []),
    ],
    outputs: [],
    host: 'algo-1',
    hosts: ['algo-1'],
    group: instance.taskId,
    serves: true,
    ...(variant.instanceType ? { resources: instanceResources(variant.instanceType) } : {}),
  }
}

function modelInput({ modelData }: Variant): TaskInput[] {
  if (!modelData) return []
  const { uri, kind } = modelData
  if (kind === 'archive') return [{ kind: 'archive', path: MODEL, source: { kind: 'object', uri } }]
  return [{ kind: 'objects', path: MODEL, source: { kind, uri } }]
}

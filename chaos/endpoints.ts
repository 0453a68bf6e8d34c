import { createHash } from 'node:crypto'
import { packed } from './archive.ts'
import { bucket, type Clients, image } from './clients.ts'
import { until } from './until.ts'

/** Answers with its version and the digest of what it was asked, after a while: requests are always under way. */
const inference = `import hashlib, os, time

def model_fn(model_dir):
    return os.environ['VERSION']

def transform_fn(model, body, content_type, accept):
    data = body.encode() if isinstance(body, str) else bytes(body)
    time.sleep(0.03)
    return ('%s %s' % (model, hashlib.sha256(data).hexdigest())).encode(), accept
`

const START_SECONDS = 120

/** Two versions of a model, and endpoints of them. */
export class Endpoints {
  readonly #clients: Clients
  readonly #run: string
  readonly #served = new Set<string>()

  constructor(clients: Clients, run: string) {
    this.#clients = clients
    this.#run = run
  }

  async defineModels(): Promise<void> {
    const { s3, sagemaker, roleArn } = this.#clients
    const Key = 'model/model.tar.gz'
    await s3.putObject({ Bucket: bucket, Key, Body: packed({ 'code/inference.py': inference }) })
    for (const version of ['one', 'two']) {
      const name = this.configOf(version)
      await sagemaker.createModel({
        ModelName: name,
        ExecutionRoleArn: roleArn,
        PrimaryContainer: {
          Image: image,
          ModelDataUrl: `s3://${bucket}/${Key}`,
          Environment: { SAGEMAKER_PROGRAM: 'inference.py', VERSION: version, CHAOS_TASK: `${name}-` },
        },
      })
      await sagemaker.createEndpointConfig({
        EndpointConfigName: name,
        ProductionVariants: [
          { VariantName: 'All', ModelName: name, InitialInstanceCount: 1, InstanceType: 'ml.m5.large' },
        ],
      })
    }
  }

  configOf(version: string): string {
    return `${this.#run}-model-${version}`
  }

  async create(suffix: string): Promise<string> {
    const name = `${this.#run}-${suffix}`
    await this.#clients.sagemaker.createEndpoint({ EndpointName: name, EndpointConfigName: this.configOf('one') })
    this.#served.add(name)
    return name
  }

  async update(name: string, version: string): Promise<void> {
    await this.#clients.sagemaker.updateEndpoint({ EndpointName: name, EndpointConfigName: this.configOf(version) })
  }

  async statusOf(name: string): Promise<string> {
    const { EndpointStatus = '', FailureReason = '' } = await this.#clients.sagemaker.describeEndpoint({
      EndpointName: name,
    })
    if (EndpointStatus === 'Failed') throw new Error(`${name} has failed: ${FailureReason}`)
    return EndpointStatus
  }

  async inService(name: string): Promise<void> {
    await until(`endpoint ${name} in service`, START_SECONDS, async () =>
      (await this.statusOf(name)) === 'InService' ? true : undefined,
    )
  }

  /** The version that answers. Throws where the answer is not to what was asked. */
  async ask(name: string, nonce: string): Promise<string> {
    const { Body } = await this.#clients.runtime.invokeEndpoint({
      EndpointName: name,
      ContentType: 'application/octet-stream',
      Body: nonce,
    })
    const [version = '', digest] = Buffer.from(Body ?? [])
      .toString()
      .split(' ')
    if (digest !== createHash('sha256').update(nonce).digest('hex'))
      throw new WrongAnswer(`to ${nonce}: ${version} ${digest}`)
    return version
  }

  async delete(name: string): Promise<void> {
    await this.#clients.sagemaker.deleteEndpoint({ EndpointName: name })
    this.#served.delete(name)
    await until(`the end of ${name}`, 60, async () => {
      const { Endpoints: left = [] } = await this.#clients.sagemaker.listEndpoints({ NameContains: name })
      return left.some(({ EndpointName }) => EndpointName === name) ? undefined : true
    })
  }

  async deleteAll(): Promise<void> {
    await Promise.all([...this.#served].map((name) => this.delete(name)))
  }
}

export class WrongAnswer extends Error {
  override readonly name = 'WrongAnswer'
}

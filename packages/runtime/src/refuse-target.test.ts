import { expect, test } from 'vitest'
import { open, route, serveTask } from './testing.ts'

test.each([
  [
    { InferenceComponentName: 'part-1' },
    'Inference Component Name header is not allowed for endpoints to which you dont plan to deploy inference components. Please remove the Inference Component Name header and try again. (InferenceComponentName is "part-1"; endpoint e runs the model of its configuration.)',
  ],
  [
    { TargetModel: 'a/b.tar.gz' },
    'Endpoint e is not a multi-model endpoint and does not support target model header. (TargetModel is "a/b.tar.gz": leave it out, or make an endpoint for each model.)',
  ],
  [
    { TargetContainerHostname: 'second' },
    'Endpoint e has one container and does not support TargetContainerHostname, which is "second". Leave it out, or make an endpoint for each container.',
  ],
])('%j is refused by name, streamed or not, and the container asked for nothing', async (more, message) => {
  await using opened = open()
  let requests = 0
  await using task = await serveTask((_request, response) => {
    requests++
    response.end('answer')
  })
  const { router, operations } = opened.runtime
  router.set(opened.context().caller, 'e', route({ name: 'v', sockets: [task.socketPath] }))
  const input = { EndpointName: 'e', Body: Buffer.from('1'), ...more }
  const plain = async () => operations.InvokeEndpoint.handle(input, opened.context())
  const refused = { name: 'ValidationError', status: 400, message }
  await expect(plain()).rejects.toMatchObject(refused)
  // What streams has no TargetModel.
  if (!('TargetModel' in more)) {
    const streamed = async () => operations.InvokeEndpointWithResponseStream.handle(input, opened.context())
    await expect(streamed()).rejects.toMatchObject(refused)
  }
  expect(requests).toBe(0)
  expect(router.inFlight('v-0')).toBe(0)
  const absent = async () => operations.InvokeEndpoint.handle({ ...input, EndpointName: 'f' }, opened.context())
  await expect(absent()).rejects.toThrow('Endpoint f of account 123456789012 not found.')
})

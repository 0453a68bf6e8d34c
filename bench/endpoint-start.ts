import type { Bench } from './bench.ts'
import { figure } from './figure.ts'
import { createEchoModel, createEndpoint, deleteEndpoint, openLab } from './lab.ts'
import { alternate, median, timed } from './measure.ts'
import { readyByHand, taskVariables } from './serving-process.ts'

const n = 10

export const endpointStart: Bench = {
  name: 'endpoint-start',
  measures: 'CreateEndpoint → InService, beside the readiness of the same model server started by hand',
  async *run(say) {
    const lab = await openLab()
    try {
      const marker = { SAGEBRUSH_BENCH: `endpoint-start-${process.pid}` }
      await createEchoModel(lab, 'echo', marker)
      say('making the environment warm')
      await createEndpoint(lab, 'warm', 'echo')
      const variables = taskVariables(`SAGEBRUSH_BENCH=${marker.SAGEBRUSH_BENCH}`)
      await deleteEndpoint(lab, 'warm')
      await readyByHand(variables)
      say(`${n} endpoints, in turns with the server started by hand`)
      const samples = await alternate(
        n,
        async (round) => {
          const ms = await timed(() => createEndpoint(lab, `echo-${round}`, 'echo'))
          await deleteEndpoint(lab, `echo-${round}`)
          return ms
        },
        () => readyByHand(variables),
      )
      yield figure({
        name: 'endpoint-start',
        ours: median(samples.ours),
        peer: median(samples.peer),
        unit: 'ms',
        n,
        target: { of: 'difference', atMost: 100 },
      })
    } finally {
      await lab.close()
    }
  },
}

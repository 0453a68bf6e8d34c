import { memoryLogStore, memoryStore } from '@sagebrush/store-kit'
import type { LogsContext } from './context.ts'
import { openLogs } from './open-logs.ts'

export const START = new Date('2026-03-01T12:00:00.000Z')
export const GROUP = '/aws/sagemaker/TrainingJobs'

/** CloudWatch Logs over stores in memory, with a clock that the test turns. */
export function openTestLogs() {
  let now = START
  const clock = () => now
  const logStore = memoryLogStore(clock)
  const logs = openLogs({ logStore, store: memoryStore(), clock })
  return {
    ...logs,
    logStore,
    advance: (ms: number) => {
      now = new Date(now.getTime() + ms)
    },
    /** The context that the dispatcher would make for a request of this account and region. */
    as: (account = '111122223333', region = 'us-east-1'): LogsContext => ({
      ...logs.context,
      caller: { account, region, accessKeyId: 'AKIATEST', arn: `arn:aws:iam::${account}:root`, userId: account },
      requestId: 'test-request',
      signal: new AbortController().signal,
      waiter: false,
      headers: {},
      now: clock,
    }),
  }
}

import {
  type ClientFacts,
  type LoadedConfig,
  readClientFacts,
  runningServer,
  type ServerRecord,
} from '@sagebrush/server/client'
import { UserError } from './explain.ts'
import { howToStart } from './how-to-start.ts'

/** The server that runs on a home, and what its clients need. */
export interface Running {
  readonly record: ServerRecord
  readonly facts: ClientFacts
}

/** Throws in words where no server runs on the home. */
export function requireRunning(loaded: LoadedConfig): Running {
  const { home } = loaded.config
  const record = runningServer(home)
  if (!record) throw new UserError(`No server runs on ${home}. Start one: ${howToStart(loaded)}`)
  return { record, facts: readClientFacts(home) }
}

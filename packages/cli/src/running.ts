import { type ClientFacts, readClientFacts, runningServer, type ServerRecord } from '@sagebrush/server/client'
import { calledAs } from './called-as.ts'
import { UserError } from './explain.ts'

/** The server that runs on a home, and what its clients need. */
export interface Running {
  readonly record: ServerRecord
  readonly facts: ClientFacts
}

/** Throws in words where no server runs on the home. */
export function requireRunning(home: string): Running {
  const record = runningServer(home)
  if (!record) throw new UserError(`No server runs on ${home}. Start one: ${calledAs} up -d`)
  return { record, facts: readClientFacts(home) }
}

/** What an installation may set. AWS's limits are the defaults. */
export interface RuntimeConfig {
  /** Longest body of a request, in bytes. */
  readonly maxBodyBytes: number
  /** Until a container must have begun its answer, and between two parts of it. */
  readonly invocationTimeoutMs: number
  /** Requests that one instance works on at once, each on a connection of its own. */
  readonly concurrencyPerInstance: number
  /** Requests that wait for one instance beyond those; more are answered with ServiceUnavailable. */
  readonly queuePerInstance: number
}

export const defaultConfig: RuntimeConfig = {
  maxBodyBytes: 6_291_456,
  invocationTimeoutMs: 60_000,
  concurrencyPerInstance: 64,
  queuePerInstance: 1_024,
}

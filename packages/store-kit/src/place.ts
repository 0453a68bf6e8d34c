/** Where a suite opens what it tests: a place of its own for each test. */
export interface Place<S> {
  /** Opens what is there. Called again once what it gave was closed, where `durable`. */
  open(): Promise<S>
  /** What was written is there after closing and opening again. */
  readonly durable: boolean
  /** How a child process opens the same place, to be killed at work; absent where nothing outlives a process. */
  readonly child?: ChildOpen
  /** Removes the place. */
  dispose(): Promise<void>
}

/** `(await import(module))[name](options)` opens the place. */
export interface ChildOpen {
  readonly module: string
  readonly name: string
  readonly options: Readonly<Record<string, unknown>>
}

export type MakePlace<S> = () => Promise<Place<S>>

/** Runs a test with a new place and removes it whatever happens. */
export async function within<S>(make: MakePlace<S>, test: (place: Place<S>) => Promise<void>): Promise<void> {
  const place = await make()
  try {
    await test(place)
  } finally {
    await place.dispose()
  }
}

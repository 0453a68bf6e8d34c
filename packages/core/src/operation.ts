import type { Caller } from './caller.ts'

/** What every operation may ask of the request that it answers; each service's context adds its ports. */
export interface RequestContext {
  readonly caller: Caller
  readonly requestId: string
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal
  /** True when a client's waiter sent this: the answer may be held until the resource changes. */
  readonly waiter: boolean
  /** Request headers, names in lower case, for what no shape models. */
  readonly headers: Readonly<Record<string, string>>
  readonly now: () => Date
}

/** One API operation: typed input in, typed output out, effects only through the context's ports. */
export interface Operation<Input, Output, Context> {
  readonly name: string
  readonly handle: (input: Input, ctx: Context) => Promise<Output> | Output
}

/** The operations of a service by their names, as the server's dispatcher takes them. */
export type OperationTable<Context> = Readonly<Record<string, Operation<never, unknown, Context>>>

/**
 * Makes the `operation` function of one service: the name selects the contract's types, so a misspelt
 * name, a wrong input or a missing output member does not compile.
 *
 * @example
 * const operation = operationsOf<SageMakerOperations, SageMakerContext>()
 * export const DeleteModel = operation('DeleteModel', async (input, ctx) => ({}))
 */
export function operationsOf<
  Operations extends { [name in keyof Operations]: { input: unknown; output: unknown } },
  Context,
>() {
  return function operation<Name extends keyof Operations & string>(
    name: Name,
    handle: (
      input: Operations[Name]['input'],
      ctx: Context,
    ) => Promise<Operations[Name]['output']> | Operations[Name]['output'],
  ): Operation<Operations[Name]['input'], Operations[Name]['output'], Context> {
    return { name, handle }
  }
}

import type { Operations, ServiceName } from './generated/services.ts'

/** The operations of one service, by AWS's names. */
export type OperationName<S extends ServiceName> = keyof Operations[S] & string

/** What an operation takes, e.g. `InputOf<'sagemaker', 'CreateTrainingJob'>`. */
export type InputOf<S extends ServiceName, O extends OperationName<S>> = Operations[S][O] extends { input: infer I }
  ? I
  : never

/** What an operation answers. */
export type OutputOf<S extends ServiceName, O extends OperationName<S>> = Operations[S][O] extends { output: infer R }
  ? R
  : never

/** Thrown by a body that has told the client of the failure itself: it is to be logged, and the answer ends in order. */
export class AnsweredFailure extends Error {
  override readonly name = 'AnsweredFailure'

  constructor(cause: unknown) {
    super('the answer broke off', { cause })
  }
}

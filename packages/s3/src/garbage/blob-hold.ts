/**
 * Counts the writes that hold a blob no row names yet. A blob made by `link` or `adopt` keeps the modification time
 * of older bytes, so its age alone cannot tell garbage collection that a row is about to be written for it.
 */
export class BlobHold {
  readonly #underway = new Set<Promise<unknown>>()

  /** Runs `work`, from making the blob to committing its row. */
  during<T>(work: () => Promise<T>): Promise<T> {
    const running = work()
    this.#underway.add(running)
    const done = () => this.#underway.delete(running)
    running.then(done, done)
    return running
  }

  /** Resolves when all work that is under way now has ended, well or not. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#underway])
  }
}

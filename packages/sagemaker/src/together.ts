/**
 * Runs both at once, and does not give up before both have ended: a step that is tried again must not meet what is
 * left of the try before, as it would after Promise.all.
 */
export async function together<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second])
  return [await first, await second]
}

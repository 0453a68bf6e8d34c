import type { ManagedImage } from '@sagebrush/core'
import { SharedWork } from '@sagebrush/task-folder'
import {
  type Environment,
  type EnvironmentOptions,
  isEnvironmentReady,
  locateEnvironment,
  prepareEnvironment,
} from './environment.ts'

/** The environments that are being made: each once for all who wait for it, and only while somebody does. */
export class EnvironmentOrders {
  readonly #makings = new SharedWork<Environment>()

  /**
   * As `prepareEnvironment`. Where `signal` is aborted it rejects at once, for the last one who waits when the making
   * has ended. Whoever comes then waits for the old making's lock.
   */
  async wait(
    image: Pick<ManagedImage, 'name' | 'version'>,
    options: EnvironmentOptions,
    onProgress: (message: string) => void,
    signal: AbortSignal,
  ): Promise<Environment> {
    const environment = locateEnvironment(image, options)
    if (await isEnvironmentReady(environment)) return environment
    const making = (tell: (message: string) => void, abort: AbortSignal) =>
      prepareEnvironment(image, options, tell, abort)
    return await this.#makings.wait(environment.folder, making, onProgress, signal)
  }

  /** From now on nobody's leaving ends a making: the next server finds the environment ready, or waits for it. */
  close(): void {
    this.#makings.close()
  }
}

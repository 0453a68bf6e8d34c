import { type EngineApi, EngineApiError } from './engine-api.ts'

const AGAIN_MS = 100
const MOST_TRIES = 30

/**
 * Ends and removes the container of that name, with its unnamed volumes, if there is one. Docker fails where one of its
 * files is read just then (an archive that is being taken), and says "in progress" where another removal is under way:
 * so it is asked again for 3 s.
 */
export async function removeContainer(api: EngineApi, name: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await api.find('DELETE', `/containers/${name}`, { query: { force: true, v: true } })
      return
    } catch (error) {
      const passes =
        error instanceof EngineApiError && (error.status === 500 || /already in progress/.test(error.message))
      if (!passes || tries === MOST_TRIES) throw error
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
    }
  }
}

import { readFileSync } from 'node:fs'
import type { ServiceName } from './generated/services.ts'
import type { ServiceModel } from './model.ts'

const loaded = new Map<ServiceName, ServiceModel>()

/**
 * The model of one service, read on first use and then kept. `operations` and `shapes` have no prototype, so a name
 * taken from a request (`constructor`, `__proto__`) finds nothing that the model does not hold.
 */
export function loadService(name: ServiceName): ServiceModel {
  const known = loaded.get(name)
  if (known) return known
  const model: ServiceModel = JSON.parse(readFileSync(new URL(`./generated/${name}.json`, import.meta.url), 'utf8'))
  Object.setPrototypeOf(model.operations, null)
  Object.setPrototypeOf(model.shapes, null)
  loaded.set(name, model)
  return model
}

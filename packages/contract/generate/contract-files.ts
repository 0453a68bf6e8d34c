import { readModel } from './botocore.ts'
import { compactModel } from './compact.ts'
import { modelJson } from './model-json.ts'
import { modelTypes } from './model-types.ts'
import { serviceTable } from './service-table.ts'
import { botocoreVersion, services } from './services.ts'

/** Everything under `src/generated`, by file name, from botocore's folder. The same input gives the same bytes. */
export function contractFiles(botocore: string): Map<string, string> {
  const files = new Map<string, string>()
  const models: Record<string, { file: string; sha256: string }> = {}
  for (const { name, model: folder, typeName } of services) {
    const { file, sha256, model: published } = readModel(botocore, folder)
    const model = compactModel(name, published)
    files.set(`${name}.json`, modelJson(model))
    files.set(`${name}.ts`, modelTypes(model, typeName))
    models[name] = { file, sha256 }
  }
  files.set('services.ts', serviceTable(services))
  files.set('SOURCE.json', `${JSON.stringify({ botocore: botocoreVersion, models }, null, 2)}\n`)
  return files
}

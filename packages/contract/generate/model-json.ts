import type { ServiceModel } from '@sagebrush/contract'

/** The model as JSON text, one line per operation and shape: small to load, and a diff names what changed. */
export function modelJson(model: ServiceModel): string {
  const head = `"name":${JSON.stringify(model.name)},\n"metadata":${JSON.stringify(model.metadata)}`
  return `{${head},\n"operations":${lines(model.operations)},\n"shapes":${lines(model.shapes)}}\n`
}

function lines(record: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(record).map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
  return `{\n${entries.join(',\n')}\n}`
}

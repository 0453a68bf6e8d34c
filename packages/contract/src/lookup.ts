import type { ServiceModel, Shape, StructureShape } from './model.ts'

/** The shape of that name. Throws when the model does not hold it, which is a defect and never a caller's input. */
export function shapeOf(model: ServiceModel, name: string): Shape {
  const shape = model.shapes[name]
  if (!shape) throw new Error(`${model.name} has no shape ${name}`)
  return shape
}

/** The structure of that name; throws as `shapeOf` does, and when the shape is of another type. */
export function structureOf(model: ServiceModel, name: string): StructureShape {
  const shape = shapeOf(model, name)
  if (shape.type !== 'structure') throw new Error(`${model.name}.${name} is a ${shape.type}, not a structure`)
  return shape
}

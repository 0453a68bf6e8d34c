import {
  type MemberModel,
  patternRegExp,
  type ServiceModel,
  type Shape,
  type StructureShape,
  shapeOf,
} from '@sagebrush/contract'
import { lowerFirst } from '../wire/names.ts'
import { showValue } from './show-value.ts'

export interface Violation {
  /** `resourceConfig.instanceGroups.1.member.instanceCount` */
  readonly path: string
  readonly text: string
}

/**
 * Everything in which a value breaks its shape's constraints, as AWS words it:
 * `Value 'x' at 'trainingJobName' failed to satisfy constraint: Member must …`.
 */
export function violationsOf(
  model: ServiceModel,
  shape: StructureShape,
  value: Record<string, unknown>,
): readonly Violation[] {
  const found: Violation[] = []
  new Check(model, found).structure(shape, value, '')
  return found
}

class Check {
  readonly #model: ServiceModel
  readonly #found: Violation[]

  constructor(model: ServiceModel, found: Violation[]) {
    this.#model = model
    this.#found = found
  }

  structure(shape: StructureShape, value: Record<string, unknown>, path: string): void {
    for (const name in shape.members) {
      const member = shape.members[name]
      if (!member) continue
      const at = path === '' ? lowerFirst(name) : `${path}.${lowerFirst(name)}`
      const item = value[name]
      if (item !== undefined) this.#member(member, item, at, shape.payload === name)
      else if (shape.required?.includes(name)) this.#report(undefined, at, ['Member must not be null'])
    }
    if (shape.union) this.#union(shape, value, path)
  }

  #union(shape: StructureShape, value: Record<string, unknown>, path: string): void {
    const set = Object.keys(shape.members).filter((name) => value[name] !== undefined)
    if (set.length === 1) return
    const names = Object.keys(shape.members).map(lowerFirst).join(', ')
    this.#report(value, path, [`Exactly one member must be set of: [${names}]`])
  }

  #member(member: MemberModel, value: unknown, path: string, isPayload: boolean): void {
    const shape = shapeOf(this.#model, member.shape)
    switch (shape.type) {
      case 'structure':
        if (!shape.document && !shape.eventstream) this.structure(shape, value as Record<string, unknown>, path)
        return
      case 'list':
        this.#list(shape.member, value as unknown[], path)
        this.#report(shown(value, shape), path, lengthFailures(shape, (value as unknown[]).length))
        return
      case 'map':
        this.#map(shape.key, shape.value, value as Record<string, unknown>, path)
        this.#report(shown(value, shape), path, lengthFailures(shape, Object.keys(value as object).length))
        return
      case 'blob':
        // A whole body is measured when it is read, against a limit that the server's owner may raise.
        if (!isPayload && value instanceof Uint8Array) this.#report(value, path, lengthFailures(shape, value.length))
        return
      default:
        this.#report(shown(value, shape), path, scalarFailures(shape, value))
    }
  }

  #list(member: MemberModel, items: readonly unknown[], path: string): void {
    const shape = shapeOf(this.#model, member.shape)
    items.forEach((item, i) => {
      const at = `${path}.${i + 1}.member`
      if (item === undefined) this.#report(undefined, at, ['Member must not be null'])
      else if (isComplex(shape)) this.#member(member, item, at, false)
    })
    if (isComplex(shape)) return
    const bad = items.find((item) => item !== undefined && scalarFailures(shape, item).length > 0)
    if (bad !== undefined)
      this.#report(shown(items, shape), path, [`Member must satisfy constraint: [${allRules(shape)}]`])
  }

  #map(key: MemberModel, value: MemberModel, entries: Readonly<Record<string, unknown>>, path: string): void {
    const keyShape = shapeOf(this.#model, key.shape)
    const valueShape = shapeOf(this.#model, value.shape)
    const names = Object.keys(entries)
    if (names.some((name) => scalarFailures(keyShape, name).length > 0)) {
      this.#report(shown(entries, keyShape, valueShape), path, [
        `Map keys must satisfy constraint: [${allRules(keyShape)}]`,
      ])
    }
    const values = names.filter((name) => entries[name] !== undefined)
    for (const name of names) {
      if (entries[name] === undefined) this.#report(undefined, `${path}.${name}.member`, ['Member must not be null'])
    }
    if (isComplex(valueShape)) {
      for (const name of values) this.#member(value, entries[name], `${path}.${name}.member`, false)
    } else if (values.some((name) => scalarFailures(valueShape, entries[name]).length > 0)) {
      this.#report(shown(entries, keyShape, valueShape), path, [
        `Map value must satisfy constraint: [${allRules(valueShape)}]`,
      ])
    }
  }

  #report(value: unknown, path: string, failures: readonly string[]): void {
    for (const failure of failures) {
      const said = value === HIDDEN ? '' : value === undefined ? ' null' : ` '${showValue(value)}'`
      this.#found.push({ path, text: `Value${said} at '${path}' failed to satisfy constraint: ${failure}` })
    }
  }
}

const HIDDEN = Symbol('a value that no message may show')

/** AWS leaves out of its message what the model calls sensitive: passwords, tokens, inference data. */
function shown(value: unknown, ...shapes: readonly Shape[]): unknown {
  return shapes.some((shape) => shape.sensitive) ? HIDDEN : value
}

function isComplex(shape: Shape): boolean {
  return shape.type === 'structure' || shape.type === 'list' || shape.type === 'map'
}

/** What of a scalar's constraints the value breaks. */
function scalarFailures(shape: Shape, value: unknown): readonly string[] {
  if (shape.type === 'string' && typeof value === 'string') {
    if (shape.enum) return shape.enum.includes(value) ? NONE : [enumRule(shape.enum)]
    const failures = isSurelyWithin(shape, value) ? NONE : lengthFailures(shape, characters(value))
    if (shape.pattern === undefined || matches(shape.pattern, value, shape.max)) return failures
    return [...failures, patternRule(shape.pattern)]
  }
  if (typeof value === 'number' && ((shape.type !== 'string' && 'min' in shape) || 'max' in shape)) {
    const { min, max } = shape as { min?: number; max?: number }
    const failures: string[] = []
    if (max !== undefined && value > max) failures.push(`Member must have value less than or equal to ${max}`)
    if (min !== undefined && value < min) failures.push(`Member must have value greater than or equal to ${min}`)
    return failures
  }
  return NONE
}

const NONE: readonly string[] = []

/**
 * A value of more than twice its allowed length is not run against its pattern: the length is told already, and some
 * of the model's patterns take time that grows with the cube of the value's length.
 */
function matches(pattern: string, value: string, max: number | undefined): boolean {
  if (max !== undefined && value.length > 2 * max + 64) return true
  return patternRegExp(pattern).test(value)
}

function lengthFailures({ min, max }: { min?: number; max?: number }, length: number): readonly string[] {
  if ((max === undefined || length <= max) && (min === undefined || length >= min)) return NONE
  return max !== undefined && length > max ? [maxLengthRule(max)] : [minLengthRule(min ?? 0)]
}

/** Most values are known to be neither too long nor too short without counting their characters. */
function isSurelyWithin({ min, max }: { min?: number; max?: number }, value: string): boolean {
  return (max === undefined || value.length <= max) && (min === undefined || value.length >= 2 * min)
}

/** Java counts UTF-16 units, AWS's limits are documented in characters: nobody is refused for an emoji. */
function characters(value: string): number {
  let count = 0
  for (const _ of value) count++
  return count
}

/** Inside lists and maps AWS recites every rule of the element, broken or not. */
function allRules(shape: Shape): string {
  const rules: string[] = []
  if (shape.type === 'string' || shape.type === 'blob') {
    if (shape.max !== undefined) rules.push(maxLengthRule(shape.max))
    if (shape.min !== undefined) rules.push(minLengthRule(shape.min))
  }
  if (shape.type === 'string') {
    if (shape.pattern !== undefined) rules.push(patternRule(shape.pattern))
    if (shape.enum) rules.push(enumRule(shape.enum))
  } else if (shape.type !== 'blob' && !isComplex(shape)) {
    const { min, max } = shape as { min?: number; max?: number }
    if (max !== undefined) rules.push(`Member must have value less than or equal to ${max}`)
    if (min !== undefined) rules.push(`Member must have value greater than or equal to ${min}`)
  }
  return rules.join(', ')
}

function maxLengthRule(max: number): string {
  return `Member must have length less than or equal to ${max}`
}

function minLengthRule(min: number): string {
  return `Member must have length greater than or equal to ${min}`
}

function patternRule(pattern: string): string {
  return `Member must satisfy regular expression pattern: ${pattern}`
}

function enumRule(values: readonly string[]): string {
  return `Member must satisfy enum value set: [${values.join(', ')}]`
}

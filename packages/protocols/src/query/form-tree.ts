/** The parameters of a query request, taken apart at their dots: `Tags.member.1.Key=a`. */
export interface FormNode {
  value: string | undefined
  readonly children: Map<string, FormNode>
}

/** Deeper than any modelled input. */
const MAX_DEPTH = 40

/** Undefined where a name is nested beyond reason. */
export function formTree(pairs: readonly (readonly [string, string])[]): FormNode | undefined {
  const root: FormNode = { value: undefined, children: new Map() }
  for (const [name, value] of pairs) {
    const path = name.split('.', MAX_DEPTH + 1)
    if (path.length > MAX_DEPTH) return undefined
    let node = root
    for (const part of path) {
      const known = node.children.get(part)
      const child = known ?? { value: undefined, children: new Map() }
      if (!known) node.children.set(part, child)
      node = child
    }
    node.value ??= value
  }
  return root
}

/** The children named `1`, `2`, … in that order. */
export function numbered(node: FormNode): FormNode[] {
  return [...node.children]
    .filter(([name]) => /^\d{1,6}$/.test(name))
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, child]) => child)
}

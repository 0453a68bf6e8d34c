/**
 * Puts the request's values in the place of policy variables (`${aws:username}`, `${aws:PrincipalTag/team, 'none'}`).
 * Undefined where one has no single value and no default: what holds it then matches nothing, as in IAM.
 */
export function fillVariables(text: string, context: ReadonlyMap<string, readonly string[]>): string | undefined {
  let missing = false
  const filled = text.replaceAll(/\$\{([^}]*)\}/g, (_whole, inner: string) => {
    if (inner === '*' || inner === '?' || inner === '$') return inner
    const [, key = '', fallback] = /^\s*([^,\s]+)\s*(?:,\s*'([^']*)'\s*)?$/.exec(inner) ?? []
    const values = context.get(key.toLowerCase())
    if (values?.length === 1 && values[0] !== undefined) return values[0]
    if (fallback !== undefined) return fallback
    missing = true
    return ''
  })
  return missing ? undefined : filled
}

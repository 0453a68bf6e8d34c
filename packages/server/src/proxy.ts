export async function attachProxy(_options: unknown): Promise<{ proxyUrl?: string; caBundle?: string }> {
  return {}
}

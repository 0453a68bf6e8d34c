import type { LoadedConfig } from '@sagebrush/server/client'
import { calledAs } from './called-as.ts'

/**
 * The command that starts a server on the home that was meant. A home that the environment names is found again by
 * itself, unless it was named for one command alone, which `named` says.
 */
export function howToStart(loaded: LoadedConfig, named: 'flag' | 'anyhow' = 'flag'): string {
  return `${calledAs} up -d${homeFlag(loaded, named)}`
}

/** ` --home FOLDER` where a command needs it to find the same home. */
export function homeFlag({ config, sources }: LoadedConfig, named: 'flag' | 'anyhow' = 'flag'): string {
  const isNeeded = named === 'flag' ? sources.home === '--home' : sources.home !== 'default'
  return isNeeded ? ` --home ${quote(config.home)}` : ''
}

function quote(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}

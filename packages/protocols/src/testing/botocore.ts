import { lacking, optionalVenv } from '@sagebrush/testing'

/** A virtual environment with the signer, made once and kept; undefined where it cannot be had. */
export function botocorePython(): Promise<string | undefined> {
  return optionalVenv('botocore')
}

/** For a suite's title: why it was skipped, and what mends it. */
export function botocoreTitle(python: string | undefined): string {
  return python ? 'botocore' : `botocore (${lacking('botocore')})`
}

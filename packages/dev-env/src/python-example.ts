import { dirname } from 'node:path'
import { lacking, requires, testVenv } from '@sagebrush/testing'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { type ServerProcess, startServerProcess } from './start-server-process.ts'

/** What the tests of an example with a Python client work with; to be read inside tests. */
export interface PythonExample {
  readonly server: ServerProcess
  /** The interpreter that has the SageMaker Python SDK, boto3 and version 1 of the AWS CLI. */
  readonly python: string
  /** PATH with that environment's programs first. */
  readonly path: string
}

/**
 * Gives the tests of a file one server, as users have it, and the Python environment; where that cannot be had, each
 * test skips and says why. To be called at the file's top level. A module of its own, for it loads Vitest.
 */
export function pythonExample(): PythonExample {
  let server: ServerProcess | undefined
  let python: string | undefined
  beforeEach((context) => requires(context, 'sagemaker-sdk'))
  beforeAll(async () => {
    if (lacking('sagemaker-sdk')) return
    python = await testVenv('sagemaker-sdk')
    server = await startServerProcess()
  }, 600_000)
  afterAll(() => server?.close())
  const opened = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('an example is read inside its tests only')
    return value
  }
  return {
    get server() {
      return opened(server)
    },
    get python() {
      return opened(python)
    },
    get path() {
      return `${dirname(opened(python))}:${process.env.PATH}`
    },
  }
}

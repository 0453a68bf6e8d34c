import { explain } from './explain.ts'
import { sagebrushProgram } from './program.ts'

try {
  await sagebrushProgram().parseAsync()
} catch (error) {
  process.stderr.write(`${explain(error)}\n`)
  process.exitCode ||= 1
}

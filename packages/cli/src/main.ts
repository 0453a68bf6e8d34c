import { onClosedOutput } from './closed-output.ts'
import { explain } from './explain.ts'
import { sagebrushProgram } from './program.ts'

// A reader that has seen enough (`| head -1`) is no fault.
onClosedOutput(() => process.exit())

try {
  const program = sagebrushProgram()
  // Commander takes a missing command for a mistake; for a newcomer it is the first question.
  if (process.argv.length === 2) program.outputHelp()
  else await program.parseAsync()
} catch (error) {
  process.stderr.write(`${explain(error)}\n`)
  process.exitCode ||= 1
}

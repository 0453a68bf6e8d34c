export { sagebrushProgram } from './program.ts'

import { operation } from '../context.ts'
import { modelNotFound } from './model.ts'

/** Endpoints that run the model keep all that they need of it. */
export const DeleteModel = operation('DeleteModel', async (input, ctx) => {
  if (!(await ctx.models.remove(ctx.caller, input.ModelName))) throw modelNotFound(ctx.caller, input.ModelName)
  return {}
})

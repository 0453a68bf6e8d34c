import { CreateModel } from './create-model.ts'
import { DeleteModel } from './delete-model.ts'
import { DescribeModel } from './describe-model.ts'
import { ListModels } from './list-models.ts'

export const modelOperations = { CreateModel, DeleteModel, DescribeModel, ListModels }

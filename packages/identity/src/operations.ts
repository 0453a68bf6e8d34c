import { GetRole } from './role/get-role.ts'
import { GetCallerIdentity } from './sts/get-caller-identity.ts'

export const stsOperations = { GetCallerIdentity }

export const iamOperations = { GetRole }

export type { AccountCredentials } from './account/accounts.ts'
export type { IdentityContext, IdentityLog, IdentityMode, IdentityPorts } from './context.ts'
export { type Identity, type IdentityApi, type IdentityOptions, openIdentity } from './open-identity.ts'
export { iamOperations, stsOperations } from './operations.ts'

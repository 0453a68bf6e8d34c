export type { Checksums, VerifiedBody } from './body/verified-body.ts'
export type { VirtualHostOptions } from './gateway/bucket-hosts.ts'
export {
  type AnsweredRequest,
  createGateway,
  type Gateway,
  type GatewayOptions,
  type RequestFailure,
} from './gateway/create-gateway.ts'
export { type HostedService, hostService, type ServiceEntry } from './gateway/hosted-service.ts'

export {
  type AnsweredRequest,
  createGateway,
  type Gateway,
  type GatewayOptions,
  type RequestFailure,
} from './gateway/create-gateway.ts'
export { type HostedService, hostService, type ServiceEntry } from './gateway/hosted-service.ts'

export { AWS_DOMAINS, isAwsHost, isHeldHost } from './hosts.ts'
export { openProxy, type Proxy, type ProxyLog, type ProxyOptions } from './open-proxy.ts'

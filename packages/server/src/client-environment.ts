import type { ClientFacts, ClientFiles } from './home/client-files.ts'

/** Variables to set, and variables of the user's to take away; what is not named stays as it is. */
export interface EnvironmentChange {
  readonly set: Readonly<Record<string, string>>
  readonly unset: readonly string[]
}

/** Anything by which an SDK would find other keys, another profile or another address than ours. */
const foreign = [
  'AWS_SESSION_TOKEN',
  'AWS_SECURITY_TOKEN',
  'AWS_PROFILE',
  'AWS_DEFAULT_PROFILE',
  'AWS_ROLE_ARN',
  'AWS_ROLE_SESSION_NAME',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
  'AWS_USE_FIPS_ENDPOINT',
  'AWS_USE_DUALSTACK_ENDPOINT',
]

/**
 * Points AWS's SDKs and CLI at this server and at nothing else. A region that the user chose stays: one server
 * answers for all of them.
 */
export function clientEnvironment(
  facts: ClientFacts,
  files: ClientFiles,
  environment: Readonly<Record<string, string | undefined>>,
): EnvironmentChange {
  const region = environment.AWS_REGION || environment.AWS_DEFAULT_REGION || facts.region
  return {
    set: {
      AWS_ENDPOINT_URL: facts.url,
      AWS_ACCESS_KEY_ID: facts.accessKeyId,
      AWS_SECRET_ACCESS_KEY: facts.secretAccessKey,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_CONFIG_FILE: files.configFile,
      AWS_SHARED_CREDENTIALS_FILE: files.credentialsFile,
      AWS_EC2_METADATA_DISABLED: 'true',
      ...proxyEnvironment(facts, environment),
    },
    unset: [...foreign, ...Object.keys(environment).filter((name) => /^AWS_(ENDPOINT_URL|BEARER_TOKEN)_/.test(name))],
  }
}

/**
 * What reaches the names that SDKs hard-code (`https://sts.<region>.amazonaws.com`): the proxy, and the
 * certificates that make its answers trusted. Both spellings, since curl and Python read one, Node the other.
 */
export function proxyEnvironment(
  facts: Pick<ClientFacts, 'proxyUrl' | 'caBundle'>,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  if (!facts.proxyUrl || !facts.caBundle) return {}
  const direct = ['127.0.0.1', 'localhost', '::1']
  const listed = (environment.NO_PROXY ?? environment.no_proxy ?? '').split(',').map((host) => host.trim())
  const noProxy = [...new Set([...listed, ...direct])].filter((host) => host !== '').join(',')
  return {
    HTTPS_PROXY: facts.proxyUrl,
    https_proxy: facts.proxyUrl,
    NO_PROXY: noProxy,
    no_proxy: noProxy,
    AWS_CA_BUNDLE: facts.caBundle,
    REQUESTS_CA_BUNDLE: facts.caBundle,
    CURL_CA_BUNDLE: facts.caBundle,
    SSL_CERT_FILE: facts.caBundle,
    NODE_EXTRA_CA_CERTS: facts.caBundle,
  }
}

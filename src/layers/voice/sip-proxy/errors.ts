import { ClusterError } from '#platform/errors.ts'

export class NoCertificate extends ClusterError {
  constructor(proxy: string, transport: string) {
    super('SIP_NO_CERTIFICATE', `${proxy} cannot listen for ${transport}: name its certificate and key under "tls"`)
  }
}

/** What TLS shall show cannot be read, or is no certificate with its key. */
export class CertificateUnusable extends ClusterError {
  constructor(path: string, reason: string, options?: ErrorOptions) {
    super('SIP_CERTIFICATE_UNUSABLE', `no TLS with ${path}: ${reason}`, options)
  }
}

/** HA1 of a digest secret (RFC 7616 §3.4.2), the only form in which a secret is kept. */
import { createHash } from 'node:crypto'
import type { DigestAlgorithm } from './objects.ts'

const hashOf: Record<DigestAlgorithm, string> = { MD5: 'md5', 'SHA-256': 'sha256', 'SHA-512-256': 'sha512-256' }

const ha1 = (algorithm: DigestAlgorithm, user: string, realm: string, secret: string): string =>
  createHash(hashOf[algorithm]).update(`${user}:${realm}:${secret}`).digest('hex')

/** One HA1 for each algorithm that may be asked for. */
export const ha1s = (
  algorithms: readonly DigestAlgorithm[],
  user: string,
  realm: string,
  secret: string,
): Partial<Record<DigestAlgorithm, string>> =>
  Object.fromEntries(algorithms.map((algorithm) => [algorithm, ha1(algorithm, user, realm, secret)]))

/** The secrets of DNs as the configuration has them: the first of a DN's algorithms that our digest knows. */
import type { Configuration } from '#protocols/model/configuration.ts'
import type { Algorithm, Secret } from '#protocols/sip/core/digest.ts'

const known = new Set<string>(['MD5', 'SHA-256'] satisfies Algorithm[])

export const secretOf =
  (configuration: Configuration) =>
  (username: string): Secret | undefined => {
    const dn = configuration.dn(username)
    for (const algorithm of dn?.algorithms ?? []) {
      const ha1 = dn?.ha1[algorithm]
      if (ha1 !== undefined && known.has(algorithm)) return { algorithm: algorithm as Algorithm, ha1 }
    }
    return undefined
  }

/** That of the first DN. Where DNs differ in it, those of another than most are told from numbers that do not exist. */
export function usualAlgorithm(configuration: Configuration): Algorithm {
  const [first] = configuration.objects.dns
  return (first?.algorithms ?? []).find((algorithm) => known.has(algorithm)) === 'SHA-256' ? 'SHA-256' : 'MD5'
}

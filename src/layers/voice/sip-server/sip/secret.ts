/** The secrets of DNs as the configuration has them: each DN is asked for the first of its algorithms, and no other. */
import type { Configuration } from '#protocols/model/configuration.ts'
import type { Algorithm, Secret } from '#protocols/sip/core/digest.ts'

export const secretOf =
  (configuration: Configuration) =>
  (username: string): Secret | undefined => {
    const dn = configuration.dn(username)
    for (const algorithm of dn?.algorithms ?? []) {
      const ha1 = dn?.ha1[algorithm]
      if (ha1 !== undefined) return { algorithm, ha1 }
    }
    return undefined
  }

/** That of the first DN. Where DNs differ in it, those of another than most are told from numbers that do not exist. */
export function usualAlgorithm(configuration: Configuration): Algorithm {
  const [first] = configuration.objects.dns
  return first?.algorithms[0] ?? 'MD5'
}

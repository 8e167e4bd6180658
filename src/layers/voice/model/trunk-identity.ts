/** What challenges of a trunk's provider are answered with; undefined where it has no account. */
import type { Trunk } from '#protocols/model/objects.ts'
import type { Identity } from '#protocols/sip/core/digest-client.ts'

export function identityOf({ credentials }: Trunk): Identity | undefined {
  if (credentials === undefined) return undefined
  const { username, realm, ha1 } = credentials
  return {
    username,
    realm,
    secretOf(algorithm) {
      const known = ha1[algorithm]
      return known === undefined ? undefined : { algorithm, ha1: known }
    },
  }
}

/** Digest for calls whose From is one of our DNs (RFC 3261 §22): only that DN's credentials will do. */
import type { Configuration } from '#protocols/model/configuration.ts'
import type { DigestVerifier } from '#protocols/sip/core/digest-verifier.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import type { Authenticator } from '../session-controller/ports.ts'
import { callerOf } from './caller.ts'
import { secretOf } from './secret.ts'

export const callAuthenticator = (verifier: DigestVerifier, configuration: () => Configuration): Authenticator => ({
  authenticate(request: Message) {
    const verdict = verifier.verify(request, secretOf(configuration()))
    if (!verdict.ok || verdict.username === callerOf(request)) return verdict
    return { ok: false, status: 403, reason: 'The credentials are not those of From', fields: [] }
  },
})

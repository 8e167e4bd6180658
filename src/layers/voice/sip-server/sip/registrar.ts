/**
 * REGISTER as this node answers it: it authenticates and grants, the proxies keep the contacts (RFC 3261 §10.3). Whoever
 * proves to be a DN registers that DN and no other; nobody else is told whether there is one.
 */
import type { Configuration } from '#protocols/model/configuration.ts'
import type { DN } from '#protocols/model/objects.ts'
import type { DigestVerifier, Verdict } from '#protocols/sip/core/digest-verifier.ts'
import { grantedContacts, type Register, readRegister } from '#protocols/sip/core/registrar.ts'
import type { Fields } from '#protocols/sip/core/session.ts'
import { MalformedMessage } from '#protocols/sip/message/errors.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { secretOf } from './secret.ts'

export type Answer = { readonly status: number; readonly reason?: string; readonly fields?: Fields }

export type RegistrarOptions = {
  readonly verifier: DigestVerifier
  readonly configuration: () => Configuration
  /** Accepted: the DN's owner is here from now on. `lifetime`: the most seconds that were granted. */
  readonly registered: (dn: string, register: Register, lifetime: number) => void
}

export class Registrar {
  private readonly options: RegistrarOptions

  constructor(options: RegistrarOptions) {
    this.options = options
  }

  answer(request: Message): Answer {
    const register = read(request)
    if (typeof register === 'number') return { status: register }
    const configuration = this.options.configuration()
    // First of all, so that nobody finds out which DNs there are (§10.3 steps 3 and 5 the other way round).
    const verdict = this.verify(request, configuration)
    if (!verdict.ok) return verdict
    const dn = configuration.dn(register.aor)
    if (dn === undefined || verdict.username !== register.aor)
      return { status: 403, reason: 'The credentials are not of this address' }
    return this.grant(dn, register, configuration)
  }

  private verify(request: Message, configuration: Configuration): Verdict {
    return this.options.verifier.verify(request, secretOf(configuration))
  }

  private grant(dn: DN, register: Register, configuration: Configuration): Answer {
    const lifetime = configuration.registrationLifetime(dn)
    this.options.registered(dn.number, register, lifetime)
    const contacts = grantedContacts(register, lifetime).map((contact) => ['Contact', contact] as const)
    return { status: 200, fields: contacts }
  }
}

function read(request: Message): Register | 400 {
  try {
    return readRegister(request)
  } catch (error) {
    if (error instanceof MalformedMessage) return 400
    throw error
  }
}

/** What a REGISTER does once the node has agreed: the bindings its 200 granted are stored and told, and listed in it. */
import type { Clock } from '#platform/runtime/runtime.ts'
import {
  accepted,
  contactValue,
  granted,
  isLive,
  isOutOfOrder,
  type Register,
  type RequestedContact,
} from '#protocols/sip/core/registrar.ts'
import { edit } from '#protocols/sip/message/edit.ts'
import { MalformedMessage } from '#protocols/sip/message/errors.ts'
import { parseURI } from '#protocols/sip/message/headers/uri.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'
import { bindingKey, flowFrom, homeOf, writeFlow } from './flow.ts'
import type { Delta, Registrations } from './registrations.ts'

/** Removals are remembered for longer than a copy of what they removed can be under way. */
const memory = 60_000

export type RegisteringOptions = {
  readonly clock: Clock
  readonly self: { readonly name: string; readonly run: string }
  readonly registrations: Registrations
  /** For all other proxies. */
  bound(delta: Delta): void
}

/** The response as it goes to the endpoint. */
export function registered(
  options: RegisteringOptions,
  { register, outbound }: { readonly register: Register; readonly outbound: boolean },
  from: Hop,
  response: Message,
): Message {
  if (response.status < 200 || response.status >= 300) return response
  const { registrations } = options
  // A later one may have been faster than the node's answer (§10.3 step 7): this one changes nothing any more.
  if (!isOutOfOrder(registrations.bindings(register.aor), register)) store(options, register, from, response)
  return listed(options, register, outbound, response)
}

function store(options: RegisteringOptions, register: Register, from: Hop, response: Message) {
  const { clock, registrations, self } = options
  const { aor } = register
  const flowOf = (contact: RequestedContact) =>
    writeFlow({
      proxy: self.name,
      run: self.run,
      // RFC 5626 §5.1: who registers a flow wants that one.
      hop: contact.regID === 0 ? homeOf(from, parseURI(contact.uri)) : flowFrom(from),
      aor,
      binding: bindingKey(contact),
    })
  const acceptance = { flowOf, now: clock.monotonic(), wall: clock.wall(), memory }
  const made = accepted(registrations.bindings(aor), register, grants(register, response), acceptance)
  if (made.length === 0) return
  registrations.put(aor, made)
  options.bound(registrations.delta(aor, made))
}

/** A 200 whose Contact cannot be read grants nothing. */
function grants(register: Register, response: Message) {
  try {
    return granted(register, response)
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error
    return []
  }
}

/** §10.3 step 8: all bindings there are now, with the seconds left; RFC 3327 §5.3: the Path that was kept. */
function listed(
  { clock, registrations }: RegisteringOptions,
  register: Register,
  outbound: boolean,
  response: Message,
): Message {
  const now = clock.monotonic()
  const copy = edit(response).remove('Contact')
  for (const binding of registrations.bindings(register.aor)) {
    if (!isLive(binding, now)) continue
    copy.add('Contact', contactValue(binding, Math.ceil((binding.expiresAt - now) / 1000)))
  }
  if (register.path.length > 0) {
    copy.remove('Path')
    for (const path of register.path) copy.add('Path', path)
  }
  // RFC 5626 §6.
  if (outbound) copy.add('Require', 'outbound')
  return copy.finish()
}

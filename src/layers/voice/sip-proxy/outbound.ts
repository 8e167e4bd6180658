/** REGISTER of one flow among several of an instance (RFC 5626 §6): what is asked of it, and which flow a request takes. */
import type { Binding, Register } from '#protocols/sip/core/registrar.ts'
import { uriIn } from '#protocols/sip/message/headers/name-addr.ts'
import { hasOptionTag } from '#protocols/sip/message/headers/option-tags.ts'
import { uriParameter } from '#protocols/sip/message/headers/uri.ts'
import type { Message } from '#protocols/sip/message/message.ts'

const isFlow = ({ instance, regID }: { instance: string; regID: number }): boolean => instance !== '' && regID !== 0

/** Whether it registers a flow; a reg-id without an instance means nothing. */
const registersFlow = ({ contacts }: Register): boolean =>
  contacts.some((contact) => isFlow(contact) && contact.expires !== 0)

/** 400: more than the one contact whose flow it comes over. 439: a proxy between us and the phone that keeps no flow. */
export function outboundFault(request: Message, register: Register): 400 | 439 | undefined {
  if (!registersFlow(register)) return undefined
  if (register.contacts.filter(({ expires }) => expires !== 0).length > 1) return 400
  const [edge] = register.path
  if (request.headers('Via').length === 1) return undefined
  return edge !== undefined && uriParameter(uriIn(edge), 'ob') !== undefined ? undefined : 439
}

/** Whether the 200 is to say that it was understood so. */
export const saysOutbound = (request: Message, register: Register): boolean =>
  registersFlow(register) && hasOptionTag(request, 'Supported', 'outbound')

/**
 * §5.3: one flow of each instance, or its phone would ring twice. The newest that leads anywhere; `wayOf` says whether one
 * does.
 */
export function oneOfEach<Way>(bindings: readonly Binding[], wayOf: (binding: Binding) => Way | undefined): Way[] {
  if (!bindings.some(isFlow)) return bindings.flatMap((binding) => wayOf(binding) ?? [])
  const reached = new Set<string>()
  return bindings
    .toSorted((one, other) => other.at - one.at)
    .flatMap((binding) => {
      const { instance } = binding
      if (isFlow(binding) && reached.has(instance)) return []
      const way = wayOf(binding)
      if (way !== undefined && isFlow(binding)) reached.add(instance)
      return way ?? []
    })
}

/** Who sent a T-Library request to this node: a client of one of its ports, or another node for a client of its own. */
import { type ErrorName, errors } from '#protocols/tlib/errors.ts'
import type { Event } from '#protocols/tlib/events.ts'
import type { Client, Requester as PortRequester } from '#protocols/tlib/server.ts'
import type { Requester as CallRequester } from './session-controller/ports.ts'

export interface Requester extends CallRequester {
  /** The client here, and how it knows its request. */
  readonly client: Client | undefined
  readonly refID: number | undefined
  /** The node that asks for a client of its own, and how it knows the request. */
  readonly remote: { readonly node: string; readonly id: number } | undefined
  answer(event: object): void
  refuse(error: ErrorName | number, particulars?: string): void
}

export const atPort = (requester: PortRequester): Requester => ({
  client: requester.client,
  refID: requester.refID,
  remote: undefined,
  answer: (event) => requester.answer(event as Event),
  refuse: (error, particulars) => requester.refuse(error, particular(error, particulars)),
})

const words = new Map<number, string>(Object.values(errors).map((error) => [error.code, error.words]))

/** The port says the words of the code itself; who gives them once more means nothing else by it. */
function particular(error: ErrorName | number, text: string | undefined): string | undefined {
  const said = words.get(typeof error === 'number' ? error : errors[error].code)
  if (text === undefined || said === undefined || !text.startsWith(said)) return text
  return text.slice(said.length).replace(/^: /, '') || undefined
}

/** What subscribers are told: dialog-info (RFC 4235), reginfo (RFC 3680), message summary (RFC 3842), each time all of it. */
import type { Body } from '#protocols/sip/core/session.ts'
import { formatMessageSummary, type MessageSummary, summaryType } from '#protocols/sip/message/message-summary.ts'
import type { AddressState, CallOnDN, PartyState } from '#protocols/tlib/attributes.ts'

/** A contact of a DN, and for how many seconds it is still registered. */
export type RegisteredContact = { readonly uri: string; readonly seconds: number }

const xml = (type: string, lines: readonly string[]): Body => ({
  type,
  bytes: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${lines.join('\n')}\n`),
})

/** RFC 4235 §3.7.1: what its party machine calls a state, as a dialog has it. */
const dialogStates: Readonly<Partial<Record<PartyState, string>>> = {
  Dialing: 'proceeding',
  Alerting: 'early',
  Connected: 'confirmed',
  Held: 'confirmed',
}

/** Tags and Call-IDs are left out: whoever knows them may take the call (RFC 3891). */
export function dialogInfo(
  entity: string,
  { calls }: AddressState,
  uriOf: (dn: string) => string,
  version: number,
): Body {
  const dialogs = calls.flatMap((call) => dialogOf(call, uriOf))
  const attributes = `version="${version}" state="full" entity="${escaped(entity)}"`
  return xml('application/dialog-info+xml', [
    `<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" ${attributes}>`,
    ...dialogs,
    '</dialog-info>',
  ])
}

function dialogOf({ connID, role, partyState, otherDN }: CallOnDN, uriOf: (dn: string) => string): string[] {
  const state = dialogStates[partyState]
  if (state === undefined) return []
  const direction = role === 'Origination' ? 'initiator' : 'recipient'
  const remote = otherDN === undefined ? [] : [`    <remote><identity>${escaped(uriOf(otherDN))}</identity></remote>`]
  return [
    `  <dialog id="${escaped(connID)}" direction="${direction}">`,
    `    <state>${state}</state>`,
    ...remote,
    '  </dialog>',
  ]
}

export function regInfo(entity: string, contacts: readonly RegisteredContact[], version: number): Body {
  const state = contacts.length > 0 ? 'active' : 'terminated'
  return xml('application/reginfo+xml', [
    `<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" version="${version}" state="full">`,
    `  <registration aor="${escaped(entity)}" id="a" state="${state}">`,
    ...contacts.map(
      ({ uri, seconds }, index) =>
        `    <contact id="${index}" state="active" event="registered" expires="${seconds}"><uri>${escaped(uri)}</uri></contact>`,
    ),
    '  </registration>',
    '</reginfo>',
  ])
}

/** Its account is the DN's own URI where the summary names none. */
export const messageSummary = (entity: string, summary: MessageSummary): Body => ({
  type: summaryType,
  bytes: Buffer.from(formatMessageSummary({ account: entity, ...summary })),
})

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => escapes[character] ?? character)

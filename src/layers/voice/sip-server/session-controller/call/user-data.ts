/** Attached data (event flows §13): one event per request at every DN of the call, with what changed and all of it. */

import type { KeyValueList } from '#protocols/tlib/attributes.ts'
import { errors } from '#protocols/tlib/errors.ts'
import { callDataChanged, onDevice } from '../events/publish.ts'
import type { InputOf } from './input.ts'
import type { Turn } from './turn.ts'

/** Bytes of attached data of one call, as JSON. */
const mostData = 65_536

/** RequestAttachUserData, RequestUpdateUserData: both add and replace. */
export const attach = (
  turn: Turn,
  { request, token }: InputOf<'RequestAttachUserData' | 'RequestUpdateUserData'>,
): void => change(turn, { ...turn.call.userData, ...request.userData }, request.userData, request.thisDN, token)

export function deletePair(turn: Turn, { request, token }: InputOf<'RequestDeletePair'>): void {
  const { [request.key]: _gone, ...userData } = turn.call.userData
  change(turn, userData, { [request.key]: null }, request.thisDN, token)
}

export function deleteAll(turn: Turn, { request, token }: InputOf<'RequestDeleteUserData'>): void {
  const gone = Object.fromEntries(Object.keys(turn.call.userData).map((key) => [key, null]))
  change(turn, {}, gone, request.thisDN, token)
}

/** `changed`: the new values, null where there is none any more. */
function change(turn: Turn, userData: KeyValueList, changed: KeyValueList, by: string, token: number): void {
  if (JSON.stringify(userData).length > mostData) {
    turn.refuse(token, errors.invalidAttribute, `more than ${mostData} bytes of user data`)
    return
  }
  turn.set({ userData })
  const devices = turn.call.parties.filter((party) => !party.external)
  const asking = devices.find((party) => party.dn === by) ?? devices[0]
  const extra = { thirdPartyDN: by, userData, extensions: { Changed: changed } }
  for (const party of devices) {
    onDevice(turn, party, 'EventAttachedDataChanged', extra, party === asking ? token : undefined)
  }
  callDataChanged(turn, { userData, extensions: { Changed: changed }, ctrlParty: by }, asking ? undefined : token)
}

/**
 * The dialog, RFC 3261 §12: plain data and what happens to it. Kept strings are copies, so that a dialog of an hour
 * keeps no message alive.
 */
import type { RequestParts } from '../message/build-request.ts'
import { MalformedMessage } from '../message/errors.ts'
import { parseNameAddr } from '../message/headers/name-addr.ts'
import { parseURI, uriParameter } from '../message/headers/uri.ts'
import type { Message } from '../message/message.ts'
import { own, parameter } from '../message/scan.ts'

type DialogState = 'Early' | 'Confirmed' | 'Terminated'

/** `isLoose`: it has `lr`, so that it takes the Request-URI as it is (§16.12). */
type FirstRoute = { readonly uri: string; readonly isLoose: boolean }

export type Dialog = {
  readonly state: DialogState
  readonly callID: string
  readonly localTag: string
  /** Empty where the peer is of RFC 2543 (§12.1.2). */
  readonly remoteTag: string
  /** What From of our requests carries, tag included; `remote` what To carries. */
  readonly local: string
  readonly remote: string
  readonly remoteTarget: string
  /** Route values in the order of our requests. */
  readonly routeSet: readonly string[]
  /** The first of them, read once; none where the route set is empty. */
  readonly firstRoute: FirstRoute | undefined
  /** The last number used; 0: none yet. */
  readonly localCSeq: number
  /** The last number seen; -1: none yet (§12.1.2). */
  readonly remoteCSeq: number
}

/**
 * The dialog that a 101–299 response to our INVITE makes (§12.1.2). Without a To tag only a 2xx makes one. Throws
 * `MalformedMessage` where the response has a Contact or Record-Route that is none.
 */
export function dialogOfCaller(invite: RequestParts, localTag: string, response: Message): Dialog | undefined {
  const remoteTag = response.toTag
  if (remoteTag === '' && response.status < 200) return undefined
  const routeSet = routesOf(response).reverse()
  return {
    state: response.status < 200 ? 'Early' : 'Confirmed',
    callID: invite.callID,
    localTag,
    remoteTag,
    local: invite.from,
    remote: own(response.header('To') ?? ''),
    remoteTarget: targetOf(response) ?? invite.requestURI,
    routeSet,
    firstRoute: firstOf(routeSet),
    localCSeq: invite.cseq,
    remoteCSeq: -1,
  }
}

/**
 * The dialog that our response to an INVITE makes (§12.1.1); none without a Contact to send requests to. Throws
 * `MalformedMessage`, also where To can take no tag.
 */
export function dialogOfCallee(invite: Message, localTag: string): Dialog | undefined {
  const remoteTarget = targetOf(invite)
  if (remoteTarget === undefined) return undefined
  const routeSet = routesOf(invite)
  return {
    state: 'Early',
    callID: invite.callID,
    localTag,
    remoteTag: invite.fromTag,
    local: tagged(invite.header('To') ?? '', localTag),
    remote: own(invite.header('From') ?? ''),
    remoteTarget,
    routeSet,
    firstRoute: firstOf(routeSet),
    localCSeq: 0,
    remoteCSeq: invite.cseq,
  }
}

/** With our tag where everybody finds it: behind a quote that does not end nobody would. */
function tagged(to: string, tag: string): string {
  const local = own(`${to};tag=${tag}`)
  if (parameter(local, 'tag') !== tag) throw new MalformedMessage('no tag can be put behind To')
  return local
}

/** §13.2.2.4: the 2xx settles remote target and route set, whatever the early dialog had. */
export function confirmed(dialog: Dialog, response: Message): Dialog {
  const remoteTarget = targetOf(response) ?? dialog.remoteTarget
  const routeSet = routesOf(response).reverse()
  return { ...dialog, state: 'Confirmed', remoteTarget, routeSet, firstRoute: firstOf(routeSet) }
}

/** A target refresh (§12.2.1.2, §12.2.2): only the remote target changes, never the route set. */
export function refreshed(dialog: Dialog, message: Message): Dialog {
  const remoteTarget = targetOf(message)
  return remoteTarget === undefined || remoteTarget === dialog.remoteTarget ? dialog : { ...dialog, remoteTarget }
}

/** §12.2.2: a request that is not newer than the last one is out of order, 500; the first sets the number. */
export function received(dialog: Dialog, cseq: number): Dialog | undefined {
  return cseq > dialog.remoteCSeq ? { ...dialog, remoteCSeq: cseq } : undefined
}

/** The dialog after one more request of ours, whose number is then `localCSeq`. */
export const counted = (dialog: Dialog): Dialog => ({ ...dialog, localCSeq: dialog.localCSeq + 1 })

/** What a request in the dialog carries of its own. */
export type RequestContent = Pick<RequestParts, 'contact' | 'fields' | 'body'>

/** A request in the dialog (§12.2.1.1); ACK has the number of its INVITE. One shape for all: they are written in one place. */
export function requestIn(dialog: Dialog, method: string, cseq: number, content: RequestContent): RequestParts {
  const { local: from, remote: to, callID } = dialog
  const { contact, fields, body } = content
  const [requestURI, route] = routed(dialog)
  return { method, requestURI, from, to, callID, cseq, route, contact, fields, body }
}

/** Request-URI and Route. A strict router (RFC 2543) takes the Request-URI for itself and wants ours as the last Route. */
function routed({ remoteTarget, routeSet, firstRoute }: Dialog): [requestURI: string, route: readonly string[]] {
  if (firstRoute === undefined || firstRoute.isLoose) return [remoteTarget, routeSet]
  return [firstRoute.uri, [...routeSet.slice(1), `<${remoteTarget}>`]]
}

/** The URI that decides where a request goes next (§8.1.2): the first Route, else the Request-URI. */
export const nextURI = ({ firstRoute, remoteTarget }: Dialog): string => firstRoute?.uri ?? remoteTarget

function firstOf([first]: readonly string[]): FirstRoute | undefined {
  if (first === undefined) return undefined
  const { uri } = parseNameAddr(first)
  return { uri, isLoose: uriParameter(parseURI(uri), 'lr') !== undefined }
}

/** The URI of the first Contact, as a copy. */
function targetOf(message: Message): string | undefined {
  const contact = message.header('Contact')
  if (contact === undefined) return undefined
  const { uri } = parseNameAddr(contact)
  return uri === '*' ? undefined : own(uri)
}

/** Checked once, so that later requests cannot fail on them. */
function routesOf(message: Message): string[] {
  return message.headers('Record-Route').map((route) => {
    parseNameAddr(route)
    return own(route)
  })
}

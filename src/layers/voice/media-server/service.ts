/** What a Request-URI asks of the media server (RFC 4240 §3, §5; docs/decisions/0004-msml-subset.md). */
import { isPromptName } from '#protocols/media/msml/msml.ts'
import { MalformedMessage } from '#protocols/sip/message/errors.ts'
import { parseURI, type URI, unescapeText, uriParameter } from '#protocols/sip/message/headers/uri.ts'

export type Service =
  | { readonly type: 'announcement'; readonly play: Announcement }
  | { readonly type: 'echo'; readonly play: Announcement | undefined }
  /** `isFirst`: it has no leg on any media server, as its controller says. */
  | {
      readonly type: 'conference'
      readonly id: string
      readonly isFirst: boolean
      readonly play: Announcement | undefined
    }

type Announcement = { readonly prompt: string; readonly iterate: number }

export type Refusal = { readonly status: number; readonly reason: string }

const mostRepeats = 1000

/** The service a URI names, with its prompt among those that `has` knows, or the answer to whoever asked. */
export function serviceOf(requestURI: string, has: (prompt: string) => boolean): Service | Refusal {
  const uri = parsed(requestURI)
  if ('status' in uri) return uri
  const play = announcementOf(uri)
  if (play !== undefined && 'status' in play) return play
  if (play !== undefined && !has(play.prompt)) return { status: 404, reason: 'No Such Prompt' }
  const user = unescapeText(uri.user)
  const id = /^conf=(.{1,128})$/i.exec(user)?.[1]
  if (id !== undefined) return { type: 'conference', id, isFirst: uriParameter(uri, 'first') !== undefined, play }
  if (user.toLowerCase() === 'echo') return { type: 'echo', play }
  if (user.toLowerCase() !== 'annc') return { status: 404, reason: 'No Such Service' }
  return play === undefined ? { status: 400, reason: 'The Parameter play Is Missing' } : { type: 'announcement', play }
}

function parsed(requestURI: string): URI | Refusal {
  try {
    return parseURI(requestURI)
  } catch (error) {
    if (error instanceof MalformedMessage) return { status: error.status, reason: 'Bad Request-URI' }
    throw error
  }
}

function announcementOf(uri: URI): Announcement | Refusal | undefined {
  const prompt = uriParameter(uri, 'play')
  if (prompt === undefined) return undefined
  const iterate = iterateOf(uriParameter(uri, 'repeat') ?? '1')
  if (iterate === undefined) return { status: 400, reason: 'Bad Parameter repeat' }
  const name = unescapeText(prompt)
  return isPromptName(name) ? { prompt: name, iterate } : { status: 404, reason: 'No Such Prompt' }
}

function iterateOf(repeat: string): number | undefined {
  if (repeat.toLowerCase() === 'forever') return Infinity
  const times = /^\d{1,4}$/.test(repeat) ? Number(repeat) : 0
  return times >= 1 && times <= mostRepeats ? times : undefined
}

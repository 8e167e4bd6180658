/** What tells transactions apart (RFC 3261 §17.1.3, §17.2.3). */
import type { Random } from '#platform/runtime/runtime.ts'
import type { Message } from '../message/message.ts'
import { own } from '../message/scan.ts'

export const magicCookie = 'z9hG4bK'

export type TransactionKey = {
  /** 32 bits, signed; of the rest. */
  readonly hash: number
  /** Of the topmost Via. */
  readonly branch: string
  /** Of the topmost Via of a request that came; empty for those we send, and where the branch stands for more. */
  readonly sentBy: string
}

/** What is found by a key; together with the method it is one alone. */
type Kept = Pick<TransactionKey, 'branch' | 'sentBy'> & { readonly method: string }

export class TransactionKeys {
  /** Unknown to everybody: whoever could foresee hashes would make transactions that all have the same. */
  private readonly seed: number

  constructor(random: Random) {
    this.seed = random.bytes(4).readInt32LE()
  }

  /** Of a request that we send with this branch. */
  ofBranch(branch: string): TransactionKey {
    return { hash: hashOf(branch, 0, branch.length, this.seed), branch, sentBy: '' }
  }

  /** The hash of the request that a response answers. */
  hashOfResponse({ text, via }: Message): number {
    return via === undefined ? this.seed : hashOf(text, via.branch, via.branchEnd, this.seed)
  }

  /** The hash of a request that came, the same for its ACK and CANCEL. */
  hashOfRequest(request: Message): number {
    const { text, via } = request
    if (via === undefined || !isUnique(request)) {
      const old = oldKey(request)
      return hashOf(old, 0, old.length, this.seed)
    }
    return hashOf(text, via.sentBy, via.sentByEnd, hashOf(text, via.branch, via.branchEnd, this.seed))
  }
}

/** For keeping: of a request that came. */
export const keyOf = (request: Message, hash: number): TransactionKey =>
  isUnique(request)
    ? { hash, branch: request.branch, sentBy: request.sentBy }
    : { hash, branch: own(oldKey(request)), sentBy: '' }

/** Whether this is the request that a response answers: only a CANCEL shares its branch with another request. */
export function isAnswered({ branch, method }: Kept, response: Message): boolean {
  const { via, text } = response
  return via !== undefined && method === response.method && isAt(text, via.branch, via.branchEnd, branch)
}

/** Whether this is of the request, its method but for `method`: INVITE for an ACK or CANCEL. */
export function isOf(kept: Kept, request: Message, method: string): boolean {
  const { via, text } = request
  if (kept.method !== method || via === undefined) return false
  if (!isUnique(request)) return kept.branch === oldKey(request)
  return isAt(text, via.branch, via.branchEnd, kept.branch) && isAt(text, via.sentBy, via.sentByEnd, kept.sentBy)
}

/** The cookie alone tells no transaction (RFC 4475 §3.2.1). */
function isUnique({ via, text }: Message): boolean {
  return (
    via !== undefined && via.branchEnd - via.branch > magicCookie.length && text.startsWith(magicCookie, via.branch)
  )
}

/**
 * Of a request of RFC 2543, whose branch is not unique.
 * Deviates from §17.2.3: the To tag does not count, because an ACK has that of our response.
 */
function oldKey(request: Message): string {
  const { requestURI, callID, cseq, fromTag } = request
  return `${requestURI} ${callID} ${cseq} ${fromTag} ${request.header('Via')}`
}

const isAt = (text: string, start: number, end: number, piece: string): boolean =>
  end - start === piece.length && text.startsWith(piece, start)

/** Each character changes all of it: FNV-1a, of which a few bits of the seed decide what falls together, would not do. */
function hashOf(text: string, start: number, end: number, seed: number): number {
  let hash = seed
  for (let index = start; index < end; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x5bd1e995)
    hash ^= hash >>> 15
  }
  return hash
}

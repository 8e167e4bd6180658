/**
 * The response context of a forked request: RFC 3261 §16.7 and §16.10. It decides which responses go upstream, which
 * branches are cancelled and when the next group of targets is tried. A response is opaque but for its status: a
 * message, or the mere status of one made here. It has no standby, so it is an object that changes (decision 0014).
 */

/**
 * Open: further groups may be tried. Closing: a 6xx or a CANCEL ended that. Accepted: a 2xx went upstream.
 * Completed: another final response did.
 */
export type State = 'Open' | 'Closing' | 'Accepted' | 'Completed'

export type Response = { readonly status: number }

/** One target that the request was sent to. */
export interface ContextBranch {
  phase: 'calling' | 'proceeding' | 'final'
  cancelled: boolean
}

/** What the context has done. */
export interface ResponseContextUser<B extends ContextBranch> {
  /** `others`: responses whose challenges belong into this one (§16.7 step 7). */
  forward(response: Response, others: readonly Response[]): void
  /** Nothing is to be said: the caller finds out by himself, at the same time. */
  giveUp(): void
  /** The client transaction waits for a provisional response where it must and bounds what follows (§9.1). */
  cancel(branch: B): void
  /** (Re)starts timer C of a branch. */
  startC(branch: B): void
  /** A branch has had its say: nothing is asked of it any more. */
  finished(branch: B): void
  /** Timer C of a branch that was silent: nobody listens to it any more (§16.8). */
  abandon(branch: B): void
  /** Nothing is pending: the next group is to be sent. */
  next(): void
}

const nothing: readonly Response[] = []

export class ResponseContext<B extends ContextBranch> {
  state: State = 'Open'
  private readonly invite: boolean
  private readonly user: ResponseContextUser<B>
  private branches: readonly B[] = []
  /** Groups of targets not tried yet. */
  private groups = 0
  /** The final responses that may still become the answer. */
  private finals: readonly Response[] = nothing

  constructor(invite: boolean, user: ResponseContextUser<B>) {
    this.invite = invite
    this.user = user
  }

  /** No final response has gone upstream. */
  get isOpen(): boolean {
    return this.state === 'Open' || this.state === 'Closing'
  }

  /** Branches that are about to be sent: one group of equal q. `groups` more are left. */
  fork(branches: readonly B[], groups: number): void {
    this.groups = groups
    this.branches = this.branches.length === 0 ? branches : [...this.branches, ...branches]
    if (this.invite) for (const branch of branches) this.user.startC(branch)
  }

  /**
   * A response of a branch, one made here (408, 503) likewise. `last`: by the policy of whoever chose the targets, no
   * further group is tried after this one.
   */
  arrived(branch: B, response: Response, last = false): void {
    const { status } = response
    if (status < 200) this.provisional(branch, response)
    else if (status < 300) this.success(branch, response)
    else if (this.isOpen) this.refused(branch, response, last)
    else this.finish(branch)
  }

  /** §16.10. */
  cancel(): void {
    if (this.state !== 'Open') return
    this.state = 'Closing'
    this.groups = 0
    this.cancelPending()
  }

  /** §16.8, timer C: with a provisional response the branch is cancelled, without one it is as if 408 had come. */
  expired(branch: B): void {
    if (!this.isOpen || branch.phase === 'final' || branch.cancelled) return
    if (branch.phase === 'proceeding') {
      branch.cancelled = true
      this.user.cancel(branch)
    } else {
      this.user.abandon(branch)
      this.finish(branch)
      this.settle()
    }
  }

  /** §16.7 step 2: a provisional response other than 100 goes upstream and restarts timer C; RFC 4320 §4.1: to an INVITE. */
  private provisional(branch: B, response: Response) {
    if (this.state === 'Completed' || branch.phase === 'final') return
    branch.phase = 'proceeding'
    if (response.status === 100 || this.state === 'Accepted' || !this.invite) return
    this.user.forward(response, nothing)
    if (!branch.cancelled) this.user.startC(branch)
  }

  /**
   * §16.7 steps 5 and 10: the 2xx goes upstream, what still rings is cancelled. Every 2xx to an INVITE goes upstream at
   * once; anything else gets exactly one answer.
   */
  private success(branch: B, response: Response) {
    const first = this.isOpen
    this.finish(branch)
    if (first) {
      this.state = 'Accepted'
      this.groups = 0
      this.finals = nothing
    }
    if (first || this.invite) this.user.forward(response, nothing)
    if (first) this.cancelPending()
  }

  /** §16.7 steps 4–6: a final response other than 2xx waits until every branch has one. */
  private refused(branch: B, response: Response, last: boolean) {
    if (last) this.groups = 0
    if (branch.phase === 'final') return
    this.finish(branch)
    this.finals = [...this.finals, response]
    if (response.status >= 600) {
      this.state = 'Closing'
      this.groups = 0
      this.cancelPending()
    }
    this.settle()
  }

  private finish(branch: B) {
    branch.phase = 'final'
    this.user.finished(branch)
  }

  /** §16.10, §16.7 step 10: only INVITEs are cancelled (§9.1). */
  private cancelPending() {
    if (!this.invite) return
    for (const branch of this.branches) {
      if (branch.phase === 'final' || branch.cancelled) continue
      branch.cancelled = true
      this.user.cancel(branch)
    }
  }

  /** The next group, or the best answer, once nothing is pending. */
  private settle() {
    for (const { phase } of this.branches) if (phase !== 'final') return
    if (this.groups > 0) {
      this.user.next()
      return
    }
    const { finals } = this
    const best = bestOf(finals) ?? noAnswer
    this.state = 'Completed'
    this.finals = nothing
    // RFC 4320 §4.2: it would come when the caller's own timer F has run out.
    if (!this.invite && best.status === 408) {
      this.user.giveUp()
      return
    }
    const others = isChallenge(best) ? finals.filter((one) => one !== best && isChallenge(one)) : nothing
    this.user.forward(best, others)
  }
}

const noAnswer: Response = { status: 408 }

/** §16.7 step 6: a 6xx before all others, else the lowest class; among 4xx one that says how to try again. */
export function bestOf(finals: readonly Response[]): Response | undefined {
  let best: Response | undefined
  for (const final of finals) if (best === undefined || rank(final.status) < rank(best.status)) best = final
  return best
}

/** These say what to change in a further try (§16.7 step 6). */
const telling = [401, 407, 415, 420, 484]

function rank(status: number): number {
  if (status >= 600) return 0
  return Math.floor(status / 100) * 10 + (telling.includes(status) ? 0 : 1)
}

const isChallenge = ({ status }: Response) => status === 401 || status === 407

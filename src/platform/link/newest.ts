/** Keeps links of the past away: per name no lower epoch than one seen, per instance one link, the newest. */
import type { Hello } from './link.ts'
import type { LinkEnd } from './link-end.ts'

/** Names remembered; the cluster has some hundred. */
const mostNames = 10_000

type Known = { epoch: number; readonly ends: Set<LinkEnd> }

export class Newest {
  private readonly names = new Map<string, Known>()

  /** Why this peer is refused; links it replaces are closed, their users told. */
  admit(peer: Hello, end: LinkEnd): string | undefined {
    const name = nameOf(peer)
    const known = this.names.get(name) ?? { epoch: peer.epoch, ends: new Set() }
    if (peer.epoch < known.epoch) return `epoch ${peer.epoch} of ${peer.name} is over: it is ${known.epoch} now`
    if (!this.names.has(name) && this.names.size >= mostNames) return 'too many names'
    known.epoch = peer.epoch
    this.names.set(name, known)
    for (const old of known.ends) {
      if (old.peer.epoch < peer.epoch || old.peer.instance === peer.instance) old.fail('replaced by a newer link')
    }
    known.ends.add(end)
    return undefined
  }

  forget(end: LinkEnd): void {
    if (end.hasPeer) this.names.get(nameOf(end.peer))?.ends.delete(end)
  }
}

const nameOf = ({ kind, dc, name }: Hello): string => JSON.stringify([kind, dc, name])

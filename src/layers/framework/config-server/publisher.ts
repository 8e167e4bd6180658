/** Tells every component that follows the configuration: a snapshot when its link opens, then each revision. */
import type { Link, LinkUser } from '#platform/link/link.ts'
import { type Change, changesBetween } from '#protocols/model/changes.ts'
import type { Configuration } from '#protocols/model/configuration.ts'
import { complete } from '#protocols/model/entries.ts'
import { framesOf } from '#protocols/model/link/frames.ts'

const nothing = complete({})

export class Publisher {
  private readonly followers = new Set<Link>()
  /** The snapshot of the newest revision, made when it is first asked for. */
  private snapshot: { readonly revision: number; readonly frames: readonly Buffer[] } | undefined

  get count(): number {
    return this.followers.size
  }

  opened(link: Link, configuration: Configuration): LinkUser {
    this.followers.add(link)
    send(link, this.snapshotOf(configuration))
    return {
      // A follower says nothing.
      frame: () => link.close(),
      closed: () => this.followers.delete(link),
    }
  }

  publish(revision: number, changes: readonly Change[]): void {
    const frames = framesOf('changes', revision, changes)
    for (const link of this.followers) send(link, frames)
  }

  /** For when the objects are no longer what followers were told. */
  publishAnew(configuration: Configuration): void {
    this.snapshot = undefined
    for (const link of this.followers) send(link, this.snapshotOf(configuration))
  }

  private snapshotOf({ revision, objects }: Configuration): readonly Buffer[] {
    if (this.snapshot?.revision !== revision)
      this.snapshot = { revision, frames: framesOf('snapshot', revision, changesBetween(nothing, objects)) }
    return this.snapshot.frames
  }
}

/** A link that is full is closed by itself; its follower comes back for a snapshot. */
function send(link: Link, frames: readonly Buffer[]): void {
  for (const frame of frames) if (!link.send(frame)) return
}

/**
 * The configuration as a component has it that runs elsewhere than the Config Server: a snapshot over a link, then its
 * revisions. When the Config Server is lost the last one stays in use, and every new link begins with a snapshot.
 */
import type { Coordination } from '#platform/coordination/coordination.ts'
import { type Deferred, deferred } from '#platform/deferred.ts'
import { type KeptLink, keepLink } from '#platform/link/keep-link.ts'
import type { Link, LinkUser } from '#platform/link/link.ts'
import type { LocalLinks } from '#platform/link/local-links.ts'
import type { Log } from '#platform/log/log.ts'
import type { Address, Runtime, Timer } from '#platform/runtime/runtime.ts'
import { type Change, changesBetween, withChanges } from '../changes.ts'
import type { ConfigurationSource } from '../client.ts'
import { type Configuration, configuration } from '../configuration.ts'
import { complete } from '../entries.ts'
import type { Objects } from '../objects.ts'
import { type Frame, readFrame } from './frames.ts'

export const configurationLinks = 'configuration'
/** Config Servers announce themselves under this prefix and their name. */
export const configServerKeys = 'config-server/'
export type ConfigServerEntry = { readonly link: Address }

export type FollowOptions = {
  readonly runtime: Runtime
  readonly coordination: Coordination
  readonly log: Log
  /** Who follows. */
  readonly name: string
  readonly dc: string
  readonly links?: LocalLinks
}

export interface FollowedConfiguration extends ConfigurationSource {
  /** False while the Config Server is lost and the last snapshot stays in use. */
  readonly connected: boolean
  close(): void
}

/** Resolves with the first snapshot: a component starts with a configuration or not at all. */
export async function followConfiguration(options: FollowOptions): Promise<FollowedConfiguration> {
  const follower = new Follower(options)
  await follower.first.promise
  return follower
}

class Follower implements FollowedConfiguration, LinkUser {
  readonly first: Deferred<void> = deferred()
  private readonly log: Log
  private readonly watch: Timer
  private readonly kept: KeptLink
  private readonly listeners = new Set<(configuration: Configuration) => void>()
  private server: Address | undefined
  private link: Link | undefined
  /** Frames of a revision that is not whole yet. */
  private gathered: Change[] = []
  private latest: Configuration = configuration(complete({}), 0)
  private synchronised = false

  constructor({ runtime, coordination, log, name, dc, links }: FollowOptions) {
    this.log = log
    this.watch = coordination.watch(configServerKeys, (entries) => {
      const [entry] = entries.values()
      // Gone for now: where it was is the best that is known.
      if (entry !== undefined) this.server = (JSON.parse(entry) as ConfigServerEntry).link
    })
    this.kept = keepLink({
      runtime,
      log,
      hello: { kind: configurationLinks, name, dc, instance: runtime.random.hex(8), epoch: 0 },
      locate: () => this.server,
      opened: (link) => this.opened(link),
      ...(links && { links }),
    })
  }

  get connected(): boolean {
    return this.synchronised
  }

  current(): Configuration {
    return this.latest
  }

  changed(run: (configuration: Configuration) => void): Timer {
    this.listeners.add(run)
    return { cancel: () => this.listeners.delete(run) }
  }

  close(): void {
    this.watch.cancel()
    this.kept.close()
  }

  frame(bytes: Buffer): void {
    const frame = readFrame(bytes)
    if (frame === undefined) this.startOver('it says what is no configuration')
    else {
      this.gathered.push(...frame.changes)
      if (!frame.more) this.finished(frame)
    }
  }

  closed(): void {
    this.link = undefined
    this.synchronised = false
  }

  private opened(link: Link): LinkUser {
    this.link = link
    this.gathered = []
    return this
  }

  /** The last frame of a revision is here. */
  private finished({ type, revision }: Frame): void {
    const changes = this.gathered
    this.gathered = []
    if (type === 'snapshot') this.take(withChanges(complete({}), changes), revision)
    else if (revision === this.latest.revision + 1) this.take(withChanges(this.latest.objects, changes), revision)
    else this.startOver('a revision is missing')
  }

  private startOver(reason: string): void {
    this.log.warn({ server: this.link?.peer.name, reason }, 'the configuration is fetched anew')
    this.link?.close()
  }

  private take(objects: Objects, revision: number): void {
    const isFirst = this.latest.revision === 0
    const isSame = revision === this.latest.revision && changesBetween(this.latest.objects, objects).length === 0
    this.synchronised = true
    if (isSame && !isFirst) return
    this.latest = configuration(objects, revision)
    this.first.resolve()
    if (!isFirst) for (const tell of [...this.listeners]) tell(this.latest)
  }
}

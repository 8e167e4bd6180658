/** The configuration of a world, which its test may change. */
import type { Timer } from '#platform/runtime/runtime.ts'
import type { ConfigurationSource } from '#protocols/model/client.ts'
import { type Configuration, configuration } from '#protocols/model/configuration.ts'

export class ChangingConfiguration implements ConfigurationSource {
  private now: Configuration
  private readonly followers = new Set<(configuration: Configuration) => void>()

  constructor(now: Configuration) {
    this.now = now
  }

  current(): Configuration {
    return this.now
  }

  changed(run: (configuration: Configuration) => void): Timer {
    this.followers.add(run)
    return { cancel: () => this.followers.delete(run) }
  }

  set(next: Configuration): void {
    this.now = next
    for (const follow of this.followers) follow(next)
  }

  /** Nobody asks the servers of trunks any more how they are. */
  withoutTrunks(): void {
    const { objects, revision } = this.now
    this.set(configuration({ ...objects, trunks: [] }, revision + 1))
  }
}

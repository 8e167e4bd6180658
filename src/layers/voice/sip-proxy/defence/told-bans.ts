/** A proxy's own bans as it announces them: at most once a second, for in a flood they change all the time. */
import type { Announcement, Coordination } from '#platform/coordination/coordination.ts'
import type { Clock, Timer } from '#platform/runtime/runtime.ts'
import type { BanAtProxy } from '#protocols/model/http/bans.ts'

export type ToldBansOptions = {
  readonly clock: Clock
  readonly coordination: Coordination
  readonly key: string
  readonly list: () => readonly BanAtProxy[]
}

const every = 1_000

export class ToldBans {
  private readonly options: ToldBansOptions
  private timer: Timer | undefined
  private announcement: Announcement | undefined
  private stopped = false

  constructor(options: ToldBansOptions) {
    this.options = options
  }

  changed(): void {
    if (this.timer !== undefined || this.stopped) return
    this.timer = this.options.clock.after(every, () => {
      this.timer = undefined
      void this.announce()
    })
  }

  async stop(): Promise<void> {
    this.stopped = true
    this.timer?.cancel()
    await this.announcement?.withdraw()
  }

  private async announce() {
    const { coordination, key, list } = this.options
    this.announcement = await coordination.announce(key, JSON.stringify(list()))
    if (this.stopped) await this.announcement.withdraw()
  }
}

/** What befalls a shift from outside: cables pulled, the carrier cut off, a data centre that stands still for a moment. */
import type { Timer } from '#platform/runtime/runtime.ts'
import { dataCentreHost } from '../data-centre-world.ts'
import type { Stream } from '../stream.ts'
import type { World } from '../world.ts'

/** Milliseconds from one trouble to the next, on average; how long a cable is out, and a standstill lasts. */
const every = 4_000
const cut = [500, 45_000] as const
const standstill = [100, 2_500] as const
const perfect = { loss: 0, duplication: 0, delay: [1, 1] } as const
/** The carrier is everybody's: it is cut off seldom. */
const ofCarrier = 0.04
const ofDataCentre = 0.1

export class Trouble {
  private readonly world: World
  private readonly agents: readonly string[]
  private readonly carrier: string
  private readonly did: (what: string) => void
  private readonly random: Stream
  private readonly out = new Map<string, Timer>()
  private next: Timer | undefined

  constructor(world: World, agents: readonly string[], carrier: string, did: (what: string) => void) {
    this.world = world
    this.agents = agents
    this.carrier = carrier
    this.did = did
    this.random = world.random('trouble')
    this.expect()
  }

  /** Everything is plugged in again, for good, and all lines are as good as they can be. */
  end(): void {
    const { links } = this.world
    this.next?.cancel()
    for (const host of [...this.out.keys()]) this.plugIn(host)
    links.usual(perfect)
    for (const host of [...this.agents, this.carrier, dataCentreHost]) {
      links.set(host, dataCentreHost, perfect)
      links.set(dataCentreHost, host, perfect)
    }
  }

  private get clock() {
    return this.world.host('power switch').clock
  }

  private expect(): void {
    this.next = this.clock.after(-Math.log(1 - this.random.fraction()) * every, () => {
      this.befall()
      this.expect()
    })
  }

  private befall(): void {
    const { random, world } = this
    if (random.chance(ofDataCentre)) {
      this.did('stood still')
      world.pause(dataCentreHost, random.between(...standstill))
    } else if (random.chance(ofCarrier)) this.unplug(this.carrier)
    else this.unplug(random.pick(this.agents))
  }

  private unplug(host: string): void {
    if (this.out.has(host)) return
    this.did(host === this.carrier ? 'carrier cut off' : 'unplugged')
    this.world.links.partition([host], [dataCentreHost])
    const timer = this.clock.after(this.random.between(...cut), () => this.plugIn(host))
    this.out.set(host, timer)
  }

  private plugIn(host: string): void {
    this.out.get(host)?.cancel()
    this.out.delete(host)
    this.world.links.heal([host], [dataCentreHost])
  }
}

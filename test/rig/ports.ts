/**
 * Ports of the rig: below the kernel's ephemeral ones, and beside the defaults, so that a demo somebody runs is not in
 * the way. Test files run at the same time, each at a place of its own. Vitest's numbers of its workers are no places: when
 * one project's tests end and the next one's begin it gives a number twice.
 */
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Two files run at a time, and the processes of two more may still be ending. */
const places = 4
const portsOfPlace = 1000

/** Whoever listens on its first port has the place, until his process ends. True when that is us. */
async function claim(place: number): Promise<boolean> {
  const listener = createServer().unref()
  listener.listen(11_000 + portsOfPlace * place, '127.0.0.1')
  return await once(listener, 'listening').then(
    () => true,
    () => false,
  )
}

async function freePlace(): Promise<number> {
  for (let place = 0; place < places; place++) if (await claim(place)) return place
  throw new Error('the ports 11000, 12000, 13000 and 14000 are all in use: the tests of the rig need one of them')
}

const place = await freePlace()
const own = (port: number): number => port + portsOfPlace * place

/** The options of `ringmain demo`. */
export const demoPorts = {
  http: own(11_380),
  sip: own(11_060),
  tlib: own(11_201),
  rtp: own(20_000),
  carrier: own(11_960),
}

/** Peers around it: each takes so many from there on as its file says. */
export const peerPorts = {
  kamailio: own(11_160),
  sipp: own(11_700),
  dnsmasq: own(11_180),
  sngrep: own(11_190),
}

/** Of the n-th baresip. */
export const phonePorts = (n: number) => ({
  sipPort: own(11_400 + 10 * n),
  controlPort: own(25_100 + 60 * n),
  rtpPorts: [own(31_000 + 40 * n), own(31_030 + 40 * n)] as const,
})

/**
 * Ports of the rig: below the kernel's ephemeral ones, and beside the defaults, so that a demo somebody runs is not in
 * the way. Two test files may run at a time, each with ports of its own: those of its place among vitest's workers.
 */
const place = Number(process.env.VITEST_POOL_ID ?? 1) - 1
const own = (port: number): number => port + 1000 * place

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
}

/** Of the n-th baresip. */
export const phonePorts = (n: number) => ({
  sipPort: own(11_400 + 10 * n),
  controlPort: own(25_100 + 60 * n),
  rtpPorts: [own(31_000 + 40 * n), own(31_030 + 40 * n)] as const,
})

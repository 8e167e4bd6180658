/** Where the tests of calls begin: somebody has dialled, a call waits, a phone rings, two talk. */
import { expect } from 'vitest'
import { type RawPeer, rawPeer } from '#protocols/sip/core/phones.fixture.ts'
import type { Fields } from '#protocols/sip/core/session.ts'
import { buildResponse } from '#protocols/sip/message/build-response.ts'
import { description, nodeHost, type World } from './phones.fixture.ts'
import { type Asking, endingOf, type Rig, rig, type Setting } from './rig.fixture.ts'

export const freshRig = async (world: World, setting: Setting = {}) => ({ world, r: await rig(world, setting) })

/** 1001 has dialled 1002, whose phone rings. */
export async function ringing(world: World, setting: Setting = {}) {
  const { r } = await freshRig(world, setting)
  const caller = r.phone('1001').dial('1002')
  await world.run(100)
  r.events()
  return { world, r, caller, callee: r.phone('1002').line }
}

/** 1001 and 1002 talk. */
export async function talking(world: World, setting: Setting = {}) {
  const all = await ringing(world, setting)
  all.callee.answer()
  await world.run(100)
  all.r.events()
  all.caller.heard.length = 0
  all.callee.heard.length = 0
  return all
}

/** A caller from outside has dialled 8010 and hears the media server. */
export async function queued(world: World, setting: Setting = {}, late = false) {
  const { r } = await freshRig(world, setting)
  r.owners.agents.add('1001')
  r.owners.agents.add('1002')
  const caller = r.carrier.dial('8010', { late })
  await world.run(100)
  return { world, r, caller }
}

const rawHost = '127.0.3.7'
const contact = `<sip:raw@${rawHost}>`
const rawSdp = (direction?: string, port?: number) => ({
  type: 'application/sdp',
  bytes: Buffer.from(description(rawHost, port, direction)),
})

/** A peer that is bytes alone, a trunk unless told, has called 1002, and both talk. */
export async function rawTalks(world: World, from = '+4420', fields: Fields = [], setting: Setting = {}) {
  const { r } = await freshRig(world, setting)
  const raw = await rawPeer(world, rawHost)
  const parts = { requestURI: 'sip:1002@127.0.0.1', from: `<sip:${from}@x>;tag=r`, to: '<sip:1002@x>', fields }
  raw.request('INVITE', { ...parts, body: rawSdp() }, nodeHost)
  await world.run(100)
  const callee = r.phone('1002').line
  callee.answer()
  await world.run(100)
  const dialog = { ...parts, to: raw.last('200').header('To') ?? '' }
  raw.request('ACK', dialog, nodeHost)
  await world.run(100)
  r.events()
  raw.heard()
  callee.heard.length = 0
  return { world, r, raw, callee, dialog, rawHost, rawSdp, answers: answering(raw) }
}

/** It answers the last request of that method; an INVITE that it accepts with what it said first, unless told. */
const answering =
  (raw: RawPeer) =>
  (method: string, status: number, fields: Fields = [], body = rawSdp()) => {
    const accepts = method === 'INVITE' && status === 200
    raw.send(buildResponse(raw.last(method), status, { contact, fields, ...(accepts && { body }) }), nodeHost)
  }

export const route = (r: Rig, otherDN: string, more: object = {}): Asking =>
  r.ask('RequestRouteCall', { thisDN: '8010', otherDN, ...more })

export const treat = (r: Rig, treatmentType: string, treatmentParameters: object = {}): Asking =>
  r.ask('RequestApplyTreatment', { thisDN: '8010', treatmentType, treatmentParameters })

/** The call has been routed to 1001, whose phone rings. */
export async function offered(world: World, setting: Setting = {}) {
  const all = await queued(world, setting)
  all.r.events()
  const asked = route(all.r, '1001', { reservationID: 'r1' })
  await world.run(100)
  return { ...all, asked, agent: all.r.phone('1001').line }
}

/** The caller talks with the agent. */
export async function routedTalk(world: World, setting: Setting = {}) {
  const all = await offered(world, setting)
  all.agent.answer()
  await world.run(100)
  return all
}

/** The call ended so, and nothing is left of it. */
export async function over(r: Rig, ending: object): Promise<void> {
  expect(endingOf(r)).toEqual(ending)
}

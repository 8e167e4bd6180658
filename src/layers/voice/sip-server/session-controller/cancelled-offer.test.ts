import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { nodeHost } from './phones.fixture.ts'
import { rawTalks } from './scenes.fixture.ts'

describe('a re-INVITE that its phone cancels (RFC 3261 §9.2)', () => {
  it.each([
    ['accepts', 200],
    ['refuses', 488],
  ])(
    'holds nobody and is told to nobody where the other side then %s it, which stays as it was (§14.1)',
    async (_what, status) => {
      const { world, r, raw, callee, dialog, rawHost, rawSdp } = await rawTalks(new World(), '1003')
      const { heard } = callee
      let answer = () => {}
      const sdp = { type: 'application/sdp', bytes: Buffer.from(callee.sdp.replace('sendrecv', 'recvonly')) }
      const later = ({ accept, reject }: { accept(body: typeof sdp): void; reject(status: number): void }) => {
        answer = () => (status === 200 ? accept(sdp) : reject(status))
        Reflect.deleteProperty(callee, 'offered')
      }
      Object.assign(callee, { offered: later })

      const invite = raw.request('INVITE', { ...dialog, cseq: 2, body: rawSdp('sendonly') }, nodeHost)
      await world.run(100)
      raw.request('CANCEL', { ...dialog, cseq: 2 }, nodeHost, invite.branch.slice('z9hG4bK'.length))
      await world.run(100)
      answer()
      await world.run(1000)
      const events = r.events()
      callee.hangUp()
      await world.run(100)

      expect(raw.heard()).toContain('487')
      expect(events).toEqual([])
      expect(heard).toEqual(status === 200 ? [`re-INVITE ${rawHost}:10000`] : [])
    },
  )
})

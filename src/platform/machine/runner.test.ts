import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { silentLog } from '#platform/log/log.ts'
import { type Metrics, noMetrics } from '#platform/metrics/metrics.ts'
import { World } from '#simulation/world.ts'
import type { Batch, Snapshot } from './batch.ts'
import { cellsOf, noteCells } from './cells.ts'
import { Copy } from './copy.ts'
import type { Machine } from './machine.ts'
import { Runner, runnerSurroundings, type TimerEffect } from './runner.ts'

/** A phone that rings until it is answered or timer A has run out. */
type State = 'Idle' | 'Ringing' | 'Talking' | 'Ended'
type Input =
  | { type: 'ring'; times: number }
  | { type: 'answer' | 'hangUp' | 'fail' | 'timerA' | 'nod' }
  | { type: 'timer'; timer: string }
type Phone = { readonly rings: number; readonly noted: readonly string[]; readonly name?: string }
type Say = { readonly type: 'say'; readonly what: string }

const say = (what: string): Say => ({ type: 'say', what })
const start = (timer: string, after: number): TimerEffect => ({ type: 'start', timer, after })

const phone: Machine<State, Input, Phone, Say | TimerEffect> = {
  name: 'phone',
  timers: { A: ['Ringing'] },
  states: {
    Idle: {
      ring: (data, { times }) => ({
        state: 'Ringing',
        data: { ...data, rings: times },
        effects: [start('A', 100), start('alarm', 1_000), say('ringing')],
      }),
    },
    Ringing: {
      timerA: (data) => ({
        state: 'Ringing',
        data: { ...data, rings: data.rings - 1 },
        effects: [start('A', 100), say('still ringing')],
      }),
      answer: ({ rings, noted }) => ({
        state: 'Talking',
        data: { rings, noted: [...noted, 'answered'], name: 'someone' },
        effects: [say('hello'), say('how are you?')],
      }),
      fail: () => {
        throw new Error('a bug')
      },
      hangUp: (data) => ({ state: 'Ended', data, effects: [say('bye')] }),
    },
    Talking: {
      nod: ({ rings, noted }) => ({ state: 'Talking', data: { rings, noted }, effects: [] }),
      timer: (data, { timer }) => ({
        state: 'Talking',
        data: { ...data, noted: [...data.noted, timer] },
        effects: [{ type: 'stop', timer: 'nothing' }],
      }),
      hangUp: (data) => ({ state: 'Ended', data, effects: [say('bye')] }),
    },
    Ended: {},
  },
}

const idle = { state: 'Idle', data: { rings: 0, noted: [] } } as const

type Sent = { batch: Batch<Say>; acknowledged: () => void }

/** A runner on virtual time, what it did, and, with `replicated`, the batches that wait for their acknowledgement. */
function running(options: { replicated?: boolean; onSay?: (what: string) => void; copy?: Copy<Say> } = {}) {
  const world = new World()
  const { clock } = world.host('node')
  const said: string[] = []
  const broken: unknown[] = []
  const sent: Sent[] = []
  const unexpected: object[] = []
  const metrics: Metrics = {
    ...noMetrics,
    counter: () => ({ of: (labels) => ({ inc: () => unexpected.push(labels) }), inc() {} }),
  }
  const replica = {
    active: options.replicated ?? false,
    replicate(batch: Batch<Say>, acknowledged: () => void) {
      sent.push({ batch, acknowledged })
      if (options.copy?.apply(structuredClone(batch), clock.monotonic())) acknowledged()
    },
  }
  const runner = new Runner<Say>(runnerSurroundings(clock, silentLog, metrics), {
    name: 'call',
    perform: ({ what }) => {
      said.push(what)
      options.onSay?.(what)
    },
    broken: (error) => broken.push(error),
    replica,
  })
  return { world, clock, runner, said, broken, sent, unexpected, replica }
}

describe('the runner without a copy', () => {
  it('performs the effects of a step at once and in order', () => {
    const { runner, said } = running()
    const handle = runner.add('phone', phone, idle)

    handle.feed({ type: 'ring', times: 3 })
    handle.feed({ type: 'answer' })

    expect(said).toEqual(['ringing', 'hello', 'how are you?'])
    expect(handle.state).toBe('Talking')
    expect(handle.data.noted).toEqual(['answered'])
  })

  it('performs the effects that come with the first step', () => {
    const { runner, said } = running()

    runner.add('phone', phone, { ...idle, effects: [say('born')] })

    expect(said).toEqual(['born'])
  })

  it('lets an input that an effect causes wait for the other effects', () => {
    const { runner, said } = running({
      onSay: (what) => {
        if (what === 'hello') runner.feed('phone', { type: 'hangUp' })
      },
    })
    runner.add('phone', phone, { ...idle, state: 'Ringing' })

    runner.feed('phone', { type: 'answer' })

    expect(said).toEqual(['hello', 'how are you?', 'bye'])
  })

  it('stops the timers whose state was left and lets the others run', async () => {
    const { runner, said, world } = running()
    const handle = runner.add('phone', phone, idle)
    handle.feed({ type: 'ring', times: 3 })
    await world.run(250)

    handle.feed({ type: 'answer' })
    await world.run(1_000)

    expect(said.filter((what) => what === 'still ringing')).toHaveLength(2)
    expect(handle.data.noted).toEqual(['answered', 'alarm'])
  })

  it('counts an input that meets an empty cell, and changes nothing', () => {
    const { runner, unexpected } = running()
    const handle = runner.add('phone', phone, idle)

    handle.feed({ type: 'answer' })

    expect(unexpected).toEqual([{ machine: 'phone', state: 'Idle', input: 'answer' }])
    expect(handle.state).toBe('Idle')
  })

  it('takes an instance away when its state has no cell left', async () => {
    const { runner, world } = running()
    const handle = runner.add('phone', phone, idle)
    handle.feed({ type: 'ring', times: 1 })

    handle.feed({ type: 'hangUp' })
    handle.feed({ type: 'answer' })

    expect(runner.size).toBe(0)
    expect(handle.state).toBe('Ended')
    expect(runner.feed('phone', { type: 'answer' })).toBe(false)
    await world.run(5_000)
  })

  it('ends the owner alone when a cell throws', async () => {
    const { runner, broken, said, world } = running()
    runner.add('one', phone, idle).feed({ type: 'ring', times: 1 })
    const other = runner.add('other', phone, idle)
    other.feed({ type: 'ring', times: 1 })

    runner.feed('one', { type: 'fail' })
    other.feed({ type: 'answer' })
    await world.run(5_000)

    expect(broken).toEqual([new Error('a bug')])
    expect(said).toEqual(['ringing', 'ringing'])
    expect(runner.size).toBe(0)
  })

  it('ends the owner when an effect throws', () => {
    const { runner, broken } = running({
      onSay: () => {
        throw new Error('no voice')
      },
    })

    runner.add('phone', phone, { ...idle, effects: [say('hello')] })

    expect(broken).toEqual([new Error('no voice')])
  })

  it('refuses a timer in a state in which it may not run', () => {
    const { runner, broken } = running()

    runner.add('phone', phone, { ...idle, effects: [start('A', 10)] })

    expect(broken).toEqual([new TypeError('phone: timer A may not run in state Idle')])
  })

  it('finds an instance by id and machine', () => {
    const { runner } = running()
    const handle = runner.add('phone', phone, idle)
    const twin: typeof phone = { ...phone }

    expect(runner.find('phone', phone)).toBe(handle)
    expect(runner.find('phone', twin)).toBeUndefined()
    expect(() => runner.add('phone', phone, idle)).toThrow('already')
  })
})

describe('the runner with a copy', () => {
  it('sends one batch per turn and performs its effects when it is acknowledged', async () => {
    const { runner, said, sent, world } = running({ replicated: true })
    const handle = runner.add('phone', phone, idle)
    handle.feed({ type: 'ring', times: 3 })
    handle.feed({ type: 'answer' })
    await world.run(1)

    const before = [...said]
    sent[0]?.acknowledged()

    expect(before).toEqual([])
    expect(sent).toHaveLength(1)
    expect(sent[0]?.batch).toEqual({
      owner: 'call',
      sequence: 1,
      performed: 0,
      changes: [
        {
          id: 'phone',
          machine: 'phone',
          state: 'Talking',
          fields: { rings: 3, noted: ['answered'], name: 'someone' },
          dropped: [],
          timers: { A: null, alarm: 1_000 },
        },
      ],
      effects: ['ringing', 'hello', 'how are you?'].map((what) => ({ id: 'phone', effect: say(what) })),
      ended: false,
    })
    expect(said).toEqual(['ringing', 'hello', 'how are you?'])
  })

  it('tells only the fields that changed, and those that are gone', async () => {
    const { runner, sent, world } = running({ replicated: true })
    const handle = runner.add('phone', phone, { ...idle, state: 'Ringing' })
    handle.feed({ type: 'answer' })
    await world.run(1)

    handle.feed({ type: 'nod' })
    await world.run(1)

    expect(sent[1]?.batch.changes).toMatchObject([{ fields: {}, dropped: ['name'] }])
  })

  it('keeps the order of effects when acknowledgements come in another', async () => {
    const { runner, said, sent, world } = running({ replicated: true })
    const handle = runner.add('phone', phone, idle)
    handle.feed({ type: 'ring', times: 1 })
    await world.run(1)
    handle.feed({ type: 'answer' })
    await world.run(1)

    sent[1]?.acknowledged()
    const early = [...said]
    sent[0]?.acknowledged()

    expect(early).toEqual([])
    expect(said).toEqual(['ringing', 'hello', 'how are you?'])
  })

  it('goes on without batches when nobody copies any more, in order', async () => {
    const { runner, said, sent, world, replica } = running({ replicated: true })
    const handle = runner.add('phone', phone, idle)
    handle.feed({ type: 'ring', times: 1 })
    await world.run(1)

    replica.active = false
    handle.feed({ type: 'answer' })
    await world.run(1)
    const waiting = [...said]
    sent[0]?.acknowledged()
    handle.feed({ type: 'hangUp' })

    expect(waiting).toEqual([])
    expect(said).toEqual(['ringing', 'hello', 'how are you?', 'bye'])
    expect(sent).toHaveLength(1)
  })

  it('performs what was decided before the end, then says that it is over', async () => {
    const { runner, said, sent, world } = running({ replicated: true })
    runner.add('phone', phone, { ...idle, effects: [say('last words')] })
    runner.end()
    await world.run(1)
    const copy = Copy.begun<Say>('call')
    copy.apply((sent[0] as Sent).batch, 0)

    const early = copy.over
    sent[0]?.acknowledged()
    await world.run(1_000)
    copy.apply((sent[1] as Sent).batch, 0)

    expect(early).toBe(false)
    expect(said).toEqual(['last words'])
    expect(copy.over).toBe(true)
  })

  it('goes on from a snapshot: timers with what they had left, unconfirmed effects again', async () => {
    const { runner, sent, world } = running({ replicated: true })
    runner.add('phone', phone, idle).feed({ type: 'ring', times: 5 })
    await world.run(60)
    const copy = Copy.begun<Say>('call')
    for (const { batch } of sent) copy.apply(batch, 0)

    const heir = running()
    heir.runner.restore(copy.snapshot(60), { phone })
    await heir.world.run(39)
    const early = [...heir.said]
    await heir.world.run(1)

    expect(early).toEqual(['ringing'])
    expect(heir.said).toEqual(['ringing', 'still ringing'])
    expect(heir.runner.find('phone', phone)?.data.rings).toBe(4)
  })
})

describe('a copy', () => {
  const comparable = ({ sequence, instances, ended }: Snapshot<Say>) => ({
    sequence,
    ended,
    instances: instances.toSorted((one, other) => one.id.localeCompare(other.id)),
  })

  it('equals the original after every batch, whatever happens', async () => {
    const input = fc.oneof(
      fc.record({ type: fc.constant('ring' as const), times: fc.nat(9) }),
      fc.record({ type: fc.constantFrom('answer' as const, 'hangUp' as const, 'nod' as const) }),
    )
    const action = fc.oneof(
      { weight: 6, arbitrary: fc.record({ id: fc.constantFrom('a', 'b', 'c'), input }) },
      { weight: 2, arbitrary: fc.record({ wait: fc.integer({ min: 0, max: 400 }) }) },
      { weight: 1, arbitrary: fc.record({ remove: fc.constantFrom('a', 'b', 'c') }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
        const copy = Copy.begun<Say>('call')
        const { runner, world, clock } = running({ replicated: true, copy })
        for (const one of actions) {
          if ('wait' in one) await world.run(one.wait)
          else if ('remove' in one) runner.remove(one.remove)
          else (runner.find(one.id, phone) ?? runner.add(one.id, phone, idle)).feed(one.input)
          await world.run(0)
          expect(comparable(copy.snapshot(clock.monotonic()))).toEqual(comparable(runner.snapshot()))
        }
      }),
      { numRuns: 60 },
    )
  })

  it('says that it needs a snapshot when a batch is missing, and takes none twice', async () => {
    const { runner, sent, world } = running({ replicated: true })
    const handle = runner.add('phone', phone, idle)
    for (const type of ['ring', 'answer'] as const) {
      handle.feed({ type, times: 1 } as Input)
      await world.run(1)
    }
    const [first, second] = sent.map(({ batch }) => batch) as [Batch<Say>, Batch<Say>]

    const copy = Copy.begun<Say>('call')

    expect(copy.apply(second, 0)).toBe(false)
    expect(copy.apply(first, 0)).toBe(true)
    expect(copy.apply(first, 0)).toBe(true)
    expect(copy.apply(second, 0)).toBe(true)
    expect(copy.snapshot(0).effects).toHaveLength(3)
  })
})

describe('the cells of a machine', () => {
  it('are named, and those that no test used are told', () => {
    const { machine, missing } = noteCells(phone)
    const { runner } = running()
    const handle = runner.add('phone', machine, idle)

    handle.feed({ type: 'ring', times: 1 })
    handle.feed({ type: 'answer' })

    expect(cellsOf(phone)).toContain('Ringing × timerA')
    expect(missing()).toEqual(cellsOf(phone).filter((cell) => cell !== 'Idle × ring' && cell !== 'Ringing × answer'))
  })
})

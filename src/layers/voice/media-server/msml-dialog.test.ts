import { describe, expect, it } from 'vitest'
import { type Step, step } from '#platform/machine/machine.ts'
import type { Collect, DialogContent, Play } from '#protocols/media/msml/msml.ts'
import { beginDialog, type Effect, type Input, type MsmlDialog, msmlDialog, type State } from './msml-dialog.ts'

type Next = Step<State, MsmlDialog, Effect>

const play: Play = { prompts: ['greeting'], iterate: 1, barge: false }
const collect: Collect = {
  min: 1,
  max: 2,
  returnKey: '#',
  firstDigitTimeout: 5000,
  interDigitTimeout: 2000,
  clear: true,
}
const generate = { digits: '12', duration: 100, interval: 70 }
const digit = (key: string): Input => ({ type: 'digit', digit: key })

/** The last step of a dialog that has met these inputs. */
function lastStep(content: DialogContent, inputs: Input[], typed = ''): Next {
  let next: Next = beginDialog(content, typed)
  for (const input of inputs) {
    const following = step(msmlDialog, next.state, next.data, input)
    if (following === undefined) throw new Error(`${input.type} has no meaning in ${next.state}`)
    next = following
  }
  return next
}
const exit = ({ effects }: Next) => effects.find((effect) => effect.type === 'exit')

describe('an MSML dialog that plays', () => {
  it('exits when its prompts have been played', () => {
    expect(beginDialog({ play }, '').effects).toEqual([{ type: 'play', prompts: ['greeting'], iterate: 1 }])
    expect(lastStep({ play }, [{ type: 'played' }])).toMatchObject({
      state: 'Exited',
      effects: [{ type: 'exit', exit: { play: 'play.complete' } }],
    })
  })

  it('goes on at a digit, but for one with barge', () => {
    expect(lastStep({ play }, [digit('1')])).toMatchObject({ state: 'Playing', effects: [] })
    expect(lastStep({ play: { ...play, barge: true } }, [digit('1')])).toMatchObject({
      state: 'Exited',
      effects: [{ type: 'stopPlay' }, { type: 'exit', exit: { play: 'play.complete.barge' } }],
    })
  })

  it('says terminated when it is ended, also for the collect that it did not come to', () => {
    expect(lastStep({ play }, [{ type: 'terminate' }]).effects).toEqual([
      { type: 'stopPlay' },
      { type: 'exit', exit: { play: 'play.terminated' }, left: '' },
    ])
    expect(exit(lastStep({ play, collect }, [{ type: 'terminate' }]))).toMatchObject({
      exit: { play: 'play.terminated', digits: '', collect: 'dtmf.terminated' },
    })
  })
})

describe('an MSML dialog that collects', () => {
  it('counts its first digit timeout from the end of the play', () => {
    expect(lastStep({ play, collect }, [{ type: 'played' }])).toMatchObject({
      state: 'Collecting',
      effects: [{ type: 'start', timer: 'FirstDigit', after: 5000 }],
    })
  })

  it('waits from digit to digit, and has enough at its maximum', () => {
    expect(lastStep({ collect }, [digit('1')])).toMatchObject({
      state: 'Collecting',
      effects: [
        { type: 'stop', timer: 'FirstDigit' },
        { type: 'start', timer: 'InterDigit', after: 2000 },
      ],
    })
    expect(exit(lastStep({ collect }, [digit('1'), digit('2')]))).toEqual({
      type: 'exit',
      exit: { digits: '12', collect: 'dtmf.match' },
      left: '',
    })
  })

  it.each([
    ['its return key, which is no part of the digits', [digit('1'), digit('#')], '1', 'dtmf.match'],
    ['its return key before the minimum', [digit('#')], '', 'dtmf.nomatch'],
    ['silence before the first digit', [{ type: 'timerFirstDigit' }], '', 'dtmf.noinput'],
    ['silence after enough digits', [digit('1'), { type: 'timerInterDigit' }], '1', 'dtmf.match'],
    ['an order to end', [digit('1'), { type: 'terminate' }], '1', 'dtmf.terminated'],
  ] satisfies [string, Input[], string, string][])('exits at %s', (_what, inputs, digits, end) => {
    expect(exit(lastStep({ collect }, inputs))).toMatchObject({ exit: { digits, collect: end } })
  })

  it('does not match with too few digits at the inter digit timeout', () => {
    const two = { ...collect, min: 2, max: 4 }

    expect(exit(lastStep({ collect: two }, [digit('1'), { type: 'timerInterDigit' }]))).toMatchObject({
      exit: { digits: '1', collect: 'dtmf.nomatch' },
    })
  })

  it('begins with the digit that ended a play with barge', () => {
    const content = { play: { ...play, barge: true }, collect: { ...collect, max: 1 } }

    expect(lastStep(content, [digit('2')]).effects).toEqual([
      { type: 'stopPlay' },
      { type: 'exit', exit: { play: 'play.complete.barge', digits: '2', collect: 'dtmf.match' }, left: '' },
    ])
  })

  it('forgets what was typed before, or takes it where it is to be kept', () => {
    const kept = { ...collect, clear: false }

    expect(lastStep({ play, collect }, [digit('1'), { type: 'played' }], '9')).toMatchObject({ data: { digits: '' } })
    expect(lastStep({ play, collect: kept }, [digit('1'), { type: 'played' }])).toMatchObject({ data: { digits: '1' } })
    expect(exit(lastStep({ collect: kept }, [], '987'))).toMatchObject({ exit: { digits: '98' }, left: '7' })
    expect(exit(lastStep({ play: { ...play, barge: true }, collect: kept }, [], '98'))).toMatchObject({
      exit: { play: 'play.complete.barge', digits: '98' },
    })
  })
})

describe('an MSML dialog that sends digits', () => {
  it('exits when they are sent, cannot be sent, or when it is ended', () => {
    expect(beginDialog({ generate }, '').effects).toEqual([{ type: 'generate', generate }])
    expect(exit(lastStep({ generate }, [{ type: 'generated', sent: true }]))).toMatchObject({
      exit: { generate: 'dtmfgen.complete' },
    })
    expect(exit(lastStep({ generate }, [{ type: 'generated', sent: false }]))).toMatchObject({
      exit: { generate: 'dtmfgen.terminated' },
    })
    expect(lastStep({ generate }, [digit('1'), { type: 'terminate' }]).effects).toEqual([
      { type: 'stopGenerate' },
      { type: 'exit', exit: { generate: 'dtmfgen.terminated' }, left: '' },
    ])
  })
})

import { describe, expect, it } from 'vitest'
import { fixedConfiguration } from '#protocols/model/client.ts'
import { configurationFrom } from '#protocols/model/configuration.ts'
import { couldTake } from './could-take.ts'

describe('who could take a call of a routing point', () => {
  it.each([
    ['as its skills say', { skills: 'sales >= 5' }, [true, false]],
    ['everybody, where it names none', {}, [true, true]],
    ['nobody, where they cannot be read', { skills: 'sales >=' }, [false, false]],
  ] as const)('is %s', (_what, parameters, expected) => {
    const configuration = configurationFrom({
      routingPoints: [{ number: '8001', name: 'Sales', strategy: 'queue', parameters }],
      persons: [
        { employeeId: '1001', name: 'Ann', skills: { sales: 5 } },
        { employeeId: '1002', name: 'Bob', skills: { sales: 1 } },
      ],
    })
    const could = couldTake(fixedConfiguration(configuration))

    expect(configuration.objects.persons.map((person) => could('8001', person))).toEqual(expected)
  })
})

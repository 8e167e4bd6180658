import { describe, expect, it } from 'vitest'
import { AddressInUse, CannotListen, DirectoryNotWritable } from '#platform/runtime/errors.ts'
import { defaultPorts } from './addresses.ts'
import { explain } from './explain.ts'

describe('what kept the demo from starting', () => {
  it.each([
    [
      new AddressInUse({ host: '127.0.0.1', port: 5070 }),
      'port 5070 on 127.0.0.1 is in use by another program, perhaps another ringmain; --sip moves it, e.g. npm start -- --sip 15060',
    ],
    [
      new CannotListen({ host: '127.0.0.1', port: 8081 }, 'not permitted'),
      'cannot listen on 127.0.0.1:8081: not permitted; --http moves it, e.g. npm start -- --http 18080',
    ],
    [
      new DirectoryNotWritable('./data', 'it is read-only'),
      'cannot write in ./data: it is read-only; --data names another directory, e.g. npm start -- --data ./elsewhere',
    ],
  ])('is told in one line, with the option that helps behind the -- that npm wants: %s', (error, line) => {
    expect(explain(error, defaultPorts)).toBe(line)
  })

  it('is left to its stack where it is a bug', () => {
    expect(explain(new TypeError('x is undefined'), defaultPorts)).toBeUndefined()
  })
})

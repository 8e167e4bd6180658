import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AddressInUse } from '#platform/runtime/errors.ts'
import { startDemo } from './demo.ts'

describe('the demo', () => {
  const other = createServer()
  let folder = ''
  let taken = 0

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ringmain-ports-'))
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    taken = (other.address() as AddressInfo).port
  })
  afterEach(async () => {
    await new Promise((resolve) => other.close(resolve))
    rmSync(folder, { recursive: true })
  })

  it.each(['http', 'tlib'])('refuses a port of --%s that somebody has before it makes anything', async (option) => {
    const ports = { http: 2000, sip: 2100, tlib: 2200, rtp: 3000, carrier: 2300, [option]: taken }
    const data = join(folder, 'data')

    await expect(startDemo({ ports, data, traffic: false, logLevel: 'error' })).rejects.toEqual(
      new AddressInUse({ host: '127.0.0.1', port: taken }),
    )

    expect(existsSync(data)).toBe(false)
  })
})

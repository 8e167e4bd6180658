import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { issueCertificate } from '#platform/tls/issue-certificate.ts'
import { certificate } from './certificate-check.ts'

const now = 1_800_000_000_000
const day = 86_400_000

describe('what doctor says of the certificate', () => {
  let data = ''
  beforeEach(() => {
    data = mkdtempSync(join(tmpdir(), 'ringmain-certificate-'))
  })
  afterEach(() => rmSync(data, { recursive: true }))

  const put = async (text: string, name = 'certificate.pem') => {
    await mkdir(join(data, 'tls'), { recursive: true })
    await writeFile(join(data, 'tls', name), text)
  }
  const lasting = (days: number) =>
    issueCertificate({ commonName: 'test', validFrom: now - 100 * day, validTo: now + days * day }).certificate

  it.each([
    [100, 'ok', /self-signed: .*, valid for 100 days$/],
    [13, 'warning', /valid for 13 days$/],
    [-1, 'failed', /expired$/],
  ])('that lasts %i days: %s', async (days, verdict, found) => {
    await put(lasting(days))
    await put('its key', 'key.pem')

    const finding = await certificate(data, now)

    expect(finding.verdict).toBe(verdict)
    expect(finding.found).toMatch(found)
    expect(finding.remedy === undefined).toBe(verdict === 'ok')
  })

  it('that is none, and that is still to be made', async () => {
    expect((await certificate(data, now)).verdict).toBe('ok')
    await put('no PEM')
    await put('its key', 'key.pem')

    expect(await certificate(data, now)).toMatchObject({
      verdict: 'failed',
      found: expect.stringContaining('no certificate'),
    })
  })

  it.each([
    ['key.pem', 'certificate.pem'],
    ['certificate.pem', 'key.pem'],
  ])('of which only %s is there', async (there, missing) => {
    await put(lasting(100), there)

    expect(await certificate(data, now)).toMatchObject({
      verdict: 'failed',
      found: `${join(data, 'tls', missing)} is missing beside ${join(data, 'tls', there)}`,
    })
  })
})

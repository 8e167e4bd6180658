import { describe, expect, it } from 'vitest'
import type { Runtime } from '#platform/runtime/runtime.ts'
import { issueCertificate } from '#platform/tls/issue-certificate.ts'
import { World } from '#simulation/world.ts'
import { openCertificate } from './certificate.ts'

const day = 86_400_000

function setUp() {
  const world = new World()
  const runtime = world.host('demo')
  const open = (at: Runtime = runtime) => world.complete(openCertificate(at, 'tls'))
  const read = async (path: string) => (await world.complete(runtime.disk.read(path))).toString()
  const put = (path: string, text: string) => world.complete(runtime.disk.replace(path, Buffer.from(text)))
  const list = () => world.complete(runtime.disk.list('tls'))
  return { runtime, open, read, put, list }
}

const credentialsOf = async ({ net }: Runtime, read: (path: string) => Promise<string>) =>
  net.credentials({ certificate: await read('tls/certificate.pem'), key: await read('tls/key.pem') })

describe('the certificate of the demo', () => {
  it('is made once, names where the demo listens, and stays', async () => {
    const { runtime, open, read } = setUp()

    const made = await open()
    const first = await read('tls/certificate.pem')
    await open()

    expect(made).toEqual({ certificate: 'tls/certificate.pem', key: 'tls/key.pem', selfSigned: true })
    expect(await read('tls/certificate.pem')).toBe(first)
    const { subjectAltName, validTo } = await credentialsOf(runtime, read)
    expect(subjectAltName).toMatch(/^DNS:localhost, DNS:ringmain, URI:sip:ringmain, IP Address:127\.0\.0\.1, /)
    expect(validTo - runtime.clock.wall()).toBeGreaterThan(800 * day)
  })

  it('is made anew before it expires', async () => {
    const { runtime, open, read } = setUp()
    await open()
    const first = await credentialsOf(runtime, read)

    await open({ ...runtime, clock: { ...runtime.clock, wall: () => first.validTo - 29 * day } })

    expect((await credentialsOf(runtime, read)).validTo).toBeGreaterThan(first.validTo)
  })

  it.each([true, false])(
    'is left as it is when somebody brought one, though it has expired; authorities: %s',
    async (has) => {
      const { runtime, open, read, put } = setUp()
      const now = runtime.clock.wall()
      const brought = issueCertificate({
        commonName: 'ours',
        names: ['a.example'],
        validFrom: now - 2 * day,
        validTo: now - day,
      })
      await put('tls/certificate.pem', brought.certificate)
      await put('tls/key.pem', brought.key)
      if (has) await put('tls/authorities.pem', brought.certificate)

      const { authorities } = await open()

      expect(await read('tls/certificate.pem')).toBe(brought.certificate)
      expect(authorities).toBe(has ? 'tls/authorities.pem' : undefined)
    },
  )

  it.each([
    ['key.pem', 'certificate.pem'],
    ['certificate.pem', 'key.pem'],
  ])('is not made where %s is there alone: it may be kept nowhere else', async (there, missing) => {
    const { open, read, put, list } = setUp()
    await put(`tls/${there}`, 'brought')

    await expect(open()).rejects.toThrow(`tls/${missing} is missing beside tls/${there}: put it there, or move`)

    expect(await list()).toEqual([there])
    expect(await read(`tls/${there}`)).toBe('brought')
  })
})

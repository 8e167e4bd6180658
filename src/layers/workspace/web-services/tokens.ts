/**
 * Bearer tokens: who it is for and until when, under a key that all data centres share, so that each of them knows a
 * token without asking another. One dies early when its person's password changes or the person is removed.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Person } from '#protocols/model/objects.ts'

/** Who asks, and what he may. */
export type Principal = {
  readonly employeeId: string
  readonly roles: readonly Person['roles'][number][]
  /** Wall-clock ms at which he must sign in again. */
  readonly expiresAt: number
}

type Claims = { readonly sub: string; readonly exp: number; readonly pw: string }

export class Tokens {
  private readonly key: Buffer

  constructor(secret: string) {
    this.key = createHmac('sha256', secret).update('ringmain session tokens').digest()
  }

  issue(person: Person, expiresAt: number): string {
    const claims: Claims = { sub: person.employeeId, exp: expiresAt, pw: passwordMark(person) }
    const body = Buffer.from(JSON.stringify(claims)).toString('base64url')
    return `${body}.${this.sign(body).toString('base64url')}`
  }

  /** `undefined` for what is no token, is over, or belongs to nobody any more. */
  read(token: string, now: number, personOf: (employeeId: string) => Person | undefined): Principal | undefined {
    const [body = '', signature = ''] = token.split('.')
    if (!alike(Buffer.from(signature, 'base64url'), this.sign(body))) return undefined
    const { sub, exp, pw } = JSON.parse(Buffer.from(body, 'base64url').toString()) as Claims
    const person = personOf(sub)
    if (!person || exp <= now || pw !== passwordMark(person)) return undefined
    return { employeeId: sub, roles: person.roles, expiresAt: exp }
  }

  private sign(body: string): Buffer {
    return createHmac('sha256', this.key).update(body).digest()
  }
}

/** Compares without telling by its time where they differ. */
export const alike = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b)

const passwordMark = ({ passwordHash = '' }: Person): string =>
  createHash('sha256').update(passwordHash).digest('base64url').slice(0, 12)

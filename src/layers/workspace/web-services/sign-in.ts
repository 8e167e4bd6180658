/** Signing in: name and password, slowly for whoever guesses. */
import { HttpProblem } from '#platform/http/errors.ts'
import type { Clock } from '#platform/runtime/runtime.ts'
import type { ConfigurationSource } from '#protocols/model/client.ts'
import type { Person } from '#protocols/model/objects.ts'
import { nobodysHash } from './passwords.ts'

/** So many wrong passwords for one name in this time, then none is looked at any more. */
const mostWrong = 10
const window = 60_000
/** Names remembered: guesses at many names must not fill the memory. */
const mostNames = 10_000
/** Checks under way or waiting: beyond it everybody is told to come back. */
const mostWaiting = 500

type Wrong = { count: number; readonly since: number }

export type SignInOptions = {
  readonly clock: Clock
  readonly configuration: ConfigurationSource
  readonly verifyPassword: (hash: string, password: string) => Promise<boolean>
}

export class SignIn {
  private readonly options: SignInOptions
  private readonly wrong = new Map<string, Wrong>()
  private waiting = 0

  constructor(options: SignInOptions) {
    this.options = options
  }

  /** Throws `HttpProblem`. */
  async check(username: string, password: string): Promise<Person> {
    if (this.isGuessing(username))
      throw new HttpProblem('too-many-requests', `too many wrong passwords for ${username}; try again in a minute`)
    if (this.waiting >= mostWaiting) throw new HttpProblem('unavailable', 'too many people sign in; try again')
    const person = this.options.configuration.current().person(username)
    this.waiting += 1
    const right = await this.options
      .verifyPassword(person?.passwordHash ?? nobodysHash, password)
      .finally(() => (this.waiting -= 1))
    if (person?.passwordHash !== undefined && right) {
      this.wrong.delete(username)
      return person
    }
    this.note(username)
    throw new HttpProblem('unauthorized', 'the user name or the password is wrong', { reason: 'wrong-password' })
  }

  private isGuessing(username: string): boolean {
    const wrong = this.wrong.get(username)
    if (!wrong) return false
    if (this.options.clock.monotonic() - wrong.since < window) return wrong.count >= mostWrong
    this.wrong.delete(username)
    return false
  }

  private note(username: string): void {
    const wrong = this.wrong.get(username) ?? { count: 0, since: this.options.clock.monotonic() }
    wrong.count += 1
    this.wrong.set(username, wrong)
    if (this.wrong.size <= mostNames) return
    const [oldest] = this.wrong.keys()
    if (oldest !== undefined) this.wrong.delete(oldest)
  }
}

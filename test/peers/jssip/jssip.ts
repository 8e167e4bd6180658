/** JsSIP in a page of Chromium: a phone over secure WebSocket that sends one tone and knows which one it hears. */
import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { pageScriptOf } from './page-script.ts'

export type JsSipOptions = {
  readonly user: string
  readonly password: string
  /** `wss://127.0.0.1:5063`. */
  readonly url: string
  /** Hz it sends. */
  readonly tone: number
}

export type JsSipEvent = { readonly type: string; readonly detail: string }

type Verb = 'call' | 'answer' | 'hold' | 'unhold' | 'digit' | 'transfer' | 'join' | 'hangup' | 'unregister'

export class JsSip {
  readonly events: JsSipEvent[] = []
  private readonly page: Page
  private readonly user: string
  private readonly waiting = new Set<() => void>()

  private constructor(page: Page, user: string) {
    this.page = page
    this.user = user
  }

  /** Opens its page, which comes from `origin` as a page of ours would, and resolves when it is registered. */
  static async open(browser: Browser, origin: string, options: JsSipOptions): Promise<JsSip> {
    const page = await browser.newPage()
    const phone = new JsSip(page, options.user)
    await page.goto(origin)
    await page.exposeFunction('told', (type: string, detail: string) => phone.told({ type, detail }))
    await page.evaluate(pageScriptOf('jssip', 'JsSIP'))
    await page.evaluate(readFileSync('test/peers/jssip/page.js', 'utf8'))
    await page.evaluate(`phone.start(${JSON.stringify(options)})`)
    await phone.event('registered')
    return phone
  }

  async do(verb: Verb, ...args: readonly string[]): Promise<void> {
    await this.page.evaluate(`phone.${verb}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`)
  }

  /** Hz of what it hears in its newest call now, within 6; 0: nothing. */
  heard(): Promise<number> {
    return this.page.evaluate('phone.heard()')
  }

  /** Resolves with the n-th event of a type. */
  event(type: string, n = 1, ms = 15_000): Promise<JsSipEvent> {
    return new Promise((resolve, reject) => {
      const finish = (run: () => void) => {
        clearTimeout(timer)
        this.waiting.delete(check)
        run()
      }
      const check = () => {
        const found = this.events.filter((event) => event.type === type)[n - 1]
        if (found) finish(() => resolve(found))
      }
      const seen = () => this.events.map((event) => `${event.type} ${event.detail}`).join(', ')
      const late = () => reject(new Error(`${this.user}: no ${type} in ${ms} ms, but: ${seen()}`))
      const timer = setTimeout(() => finish(late), ms)
      this.waiting.add(check)
      check()
    })
  }

  private told(event: JsSipEvent): void {
    this.events.push(event)
    for (const check of this.waiting) check()
  }
}

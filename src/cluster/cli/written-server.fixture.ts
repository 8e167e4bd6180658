/** A server whose answers the test writes, and the command line as its client; for the tests of one file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { ringmain } from './ringmain.ts'

export type Answer = { status: number; body: unknown }

export function writtenServer() {
  /** By method and path. */
  const answers = new Map<string, Answer>()
  /** Since the test began. */
  const asked: { what: string; token: string | undefined; body: unknown }[] = []
  const http = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const what = `${request.method} ${request.url}`
    asked.push({ what, token: request.headers.authorization, body: text === '' ? undefined : JSON.parse(text) })
    const answer = answers.get(what) ?? { status: 404, body: { detail: 'there is no such thing' } }
    const { status } = answer
    const body = await answer.body
    const bytes = Buffer.isBuffer(body) ? body : JSON.stringify(body)
    response.writeHead(status, { 'content-type': 'application/json' }).end(bytes)
  })
  /** The data directory, with a token. */
  const directory = mkdtempSync(join(tmpdir(), 'ringmain-cli-'))
  /** `dead`: where nobody listens. */
  const at = { url: '', dead: '' }

  beforeAll(async () => {
    const dead = createServer()
    await new Promise<void>((resolve) => dead.listen(0, '127.0.0.1', resolve))
    at.dead = urlOf(dead.address() as AddressInfo)
    await new Promise((resolve) => dead.close(resolve))
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    at.url = urlOf(http.address() as AddressInfo)
    writeFileSync(join(directory, 'token'), 'secret\n', { mode: 0o600 })
  })
  beforeEach(() => {
    answers.clear()
    asked.length = 0
  })
  afterAll(() => {
    http.close()
    rmSync(directory, { recursive: true })
  })

  async function run(line: string, env: Record<string, string> = { RINGMAIN_DATA: directory }) {
    const out: string[] = []
    const err: string[] = []
    const file = (bytes: Uint8Array) => void out.push(Buffer.from(bytes).toString('latin1'))
    const terminal = {
      out: (text: string) => void out.push(text),
      file,
      err: (text: string) => void err.push(text),
      env,
    }
    const code = await ringmain(line.split(' '), terminal)
    return { code, out: out.join('\n'), err: err.join('\n') }
  }
  const client = (line: string, env?: Record<string, string>) => run(`${line} --url ${at.url}`, env)

  return { answers, asked, directory, at, run, client }
}

const urlOf = ({ port }: AddressInfo): string => `http://127.0.0.1:${port}`

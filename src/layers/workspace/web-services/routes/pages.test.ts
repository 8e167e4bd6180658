import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { nodeRuntime } from '#platform/runtime/node/node-runtime.ts'
import { pagesDirectory } from '../pages-directory.ts'
import { readPages } from './pages.ts'

const runtime = nodeRuntime()
const pages = readPages(runtime.disk, pagesDirectory)
afterAll(() => runtime.close())

describe('the pages', () => {
  it('begin at / and name only files that are served', async () => {
    const served = new Map((await pages).map(({ path, bytes }) => [path, bytes.toString()]))
    const named = [...(served.get('/') ?? '').matchAll(/(?:src|href)="(\/[\w.-]+\.\w+)"/g)].map(([, path]) => path)
    const imported = [...served.values()].flatMap((text) =>
      [...text.matchAll(/from '\.(\/[\w-]+\.js)'/g)].map(([, path]) => path),
    )

    expect(named).toEqual(['/icon.svg', '/style.css', '/main.js'])
    expect(imported.filter((path) => !served.has(path ?? ''))).toEqual([])
  })

  it('hold no inline script or style, which the policy forbids, and make no markup of text', async () => {
    const texts = (await pages).map(({ bytes }) => bytes.toString())

    expect(texts.filter((text) => /<script(?! type="module" src=)|<style|\son\w+="|\sstyle="/.test(text))).toEqual([])
    expect(texts.filter((text) => /innerHTML|outerHTML\s*=|insertAdjacentHTML|document\.write/.test(text))).toEqual([])
  })
})

describe('a ladder', async () => {
  const { columnsOf, rowsOf, readable } = await import(pathToFileURL(`${pagesDirectory}/ladder.js`).href)
  const sip = (from: string, to: string, text: string) => ({ kind: 'sip', from, to, text, time: '' })
  const invite = sip('carrier', 'proxy1', 'INVITE sip:8010@ringmain SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n')
  const busy = sip('proxy1', 'carrier', 'SIP/2.0 486 Busy Here\r\nCSeq: 1 INVITE\r\n\r\n')
  const event = {
    kind: 'event',
    from: 'node1',
    to: 'T-Library',
    time: '',
    text: '{"name":"EventQueued","thisDN":"8010"}',
  }
  const decision = { kind: 'routing', from: 'router', to: '8010', time: '', text: '{"text":"1001 of 3"}' }

  it('has a column for each end of its SIP messages, in order of appearance', () => {
    expect(columnsOf([event, invite, sip('proxy1', 'node1', ''), decision])).toEqual(['carrier', 'proxy1', 'node1'])
    expect(columnsOf([event])).toEqual(['node1', 'T-Library'])
  })

  it('labels messages, events and decisions, and makes one row of repeats', () => {
    const rows = rowsOf([invite, invite, busy, event, decision])

    expect(
      rows.map(({ label, style, times }: { label: string; style: string; times: number }) => [label, style, times]),
    ).toEqual([
      ['INVITE 8010', 'request', 2],
      ['486 Busy Here (INVITE)', 'failure', 1],
      ['EventQueued 8010', 'event', 1],
      ['1001 of 3', 'routing', 1],
    ])
  })

  it('shows JSON in lines and SIP as it stood', () => {
    expect(readable('{"a":1}')).toBe('{\n  "a": 1\n}')
    expect(readable(invite.text)).toBe(invite.text)
  })
})

/** MSML documents as bytes (RFC 5707, the subset of docs/decisions/0004-msml-subset.md). */
import type { Collect, DialogContent, Generate, MsmlEvent, MsmlRequest, MsmlResult, Play } from './msml.ts'
import { escapeXml } from './xml.ts'

export function buildMsmlRequest(request: MsmlRequest): Buffer {
  const connection = `conn:${escapeXml(request.connection)}`
  const name = escapeXml(request.name)
  if (request.type === 'dialogend') return document(`<dialogend id="${connection}/dialog:${name}"/>`)
  return document(
    `<dialogstart target="${connection}" type="application/moml+xml" name="${name}">${content(request)}</dialogstart>`,
  )
}

export function buildMsmlResult(result: MsmlResult): Buffer {
  const description = result.description ? `<description>${escapeXml(result.description)}</description>` : ''
  return document(`<result response="${result.status}">${description}</result>`)
}

export function buildMsmlEvent(event: MsmlEvent): Buffer {
  const connection = `conn:${escapeXml(event.connection)}`
  const id = event.name === 'msml.dialog.exit' ? `${connection}/dialog:${escapeXml(event.dialog)}` : connection
  const values = eventValues(event).map(
    ([name, value]) => `<name>${name}</name><value>${escapeXml(String(value))}</value>`,
  )
  return document(`<event name="${event.name}" id="${id}">${values.join('')}</event>`)
}

const document = (content: string): Buffer =>
  Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n<msml version="1.1">${content}</msml>\n`)

const content = (dialog: DialogContent): string =>
  (dialog.play ? play(dialog.play) : '') +
  (dialog.collect ? collect(dialog.collect) : '') +
  (dialog.generate ? generate(dialog.generate) : '')

function play({ prompts, iterate, barge }: Play): string {
  const audio = prompts.map((name) => `<audio uri="prompt:${escapeXml(name)}"/>`).join('')
  return `<play barge="${barge}" iterate="${iterate === Infinity ? 'forever' : iterate}">${audio}</play>`
}

function collect({ min, max, returnKey, firstDigitTimeout, interDigitTimeout, clear }: Collect): string {
  const digits = `min=${min};max=${max}${returnKey ? `;rtk=${returnKey}` : ''}`
  const timeouts = `fdt="${firstDigitTimeout}ms" idt="${interDigitTimeout}ms"`
  return `<collect ${timeouts} cleardb="${clear}"><pattern digits="${digits}" format="moml+digits"/></collect>`
}

const generate = ({ digits, duration, interval }: Generate): string =>
  `<dtmfgen digits="${digits}" dur="${duration}ms" interval="${interval}ms"/>`

function eventValues(event: MsmlEvent): [string, string | number][] {
  switch (event.name) {
    case 'msml.dialog.exit': {
      const { play, digits, collect, generate } = event.exit
      return [
        ...(play ? [['play.end', play] satisfies [string, string]] : []),
        ...(digits !== undefined ? [['dtmf.digits', digits] satisfies [string, string]] : []),
        ...(collect ? [['dtmf.end', collect] satisfies [string, string]] : []),
        ...(generate ? [['dtmfgen.end', generate] satisfies [string, string]] : []),
      ]
    }
    case 'dtmf.digit':
      return [['dtmf.last', event.digit]]
    case 'ringmain.rtp.silent':
      return [['seconds', event.seconds]]
    case 'ringmain.rtp.resumed':
      return []
  }
}

/** A small XML document as a tree, strictly and within bounds: no DOCTYPE, so no entities but the five of XML. */
import { SaxesParser } from 'saxes'

export type Element = {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly Element[]
  /** The text directly inside, trimmed. */
  readonly text: string
}
export type XmlError = { readonly error: string }

const maxBytes = 16_384
const maxDepth = 8
const maxElements = 256

type Open = { name: string; attributes: Record<string, string>; children: Element[]; text: string }

class Refused extends Error {}

const refuse = (error: string): never => {
  throw new Refused(error)
}

export function parseXml(bytes: Uint8Array): Element | XmlError {
  if (bytes.length > maxBytes) return { error: `larger than ${maxBytes} bytes` }
  try {
    return read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'))
  } catch (error) {
    if (error instanceof Refused) return { error: error.message }
    throw error
  }
}

function read(text: string): Element {
  const parser = new SaxesParser()
  const open: Open[] = [{ name: '', attributes: {}, children: [], text: '' }]
  let elements = 0
  parser.on('error', (error) => refuse(`not well-formed XML: ${error.message}`))
  parser.on('doctype', () => refuse('DOCTYPE is not allowed'))
  parser.on('opentag', (tag) => {
    elements += 1
    if (elements > maxElements) refuse(`more than ${maxElements} elements`)
    if (open.length > maxDepth) refuse(`elements deeper than ${maxDepth}`)
    open.push({ name: tag.name, attributes: { ...tag.attributes }, children: [], text: '' })
  })
  parser.on('text', (chunk) => {
    const top = open.at(-1)
    if (top) top.text += chunk
  })
  parser.on('closetag', () => {
    const closed = open.pop()
    if (closed) open.at(-1)?.children.push({ ...closed, text: closed.text.trim() })
  })
  parser.write(text).close()
  return open[0]?.children[0] ?? refuse('no element')
}

/** Text or attribute value as it stands in a document; characters that XML cannot say are left out. */
export const escapeXml = (text: string): string =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly those that XML 1.0 §2.2 forbids
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')

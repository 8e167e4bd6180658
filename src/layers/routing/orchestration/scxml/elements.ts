/** XML as a tree of elements with the place each stands at; strict, namespaces resolved, no document type (XML 1.0 §2.8). */
import { SaxesParser } from 'saxes'
import { MalformedStrategy } from '../../errors.ts'

export type Element = {
  /** Local name; module elements carry their module: `queue:submit`. */
  name: string
  attributes: Readonly<Record<string, string>>
  children: Element[]
  text: string
  line: number
  column: number
}

const scxml = 'http://www.w3.org/2005/07/scxml'
const module = /^https?:\/\/(?:www\.)?[\w.-]+\/modules\/(queue|dialog|ixn)\/?$/
const limits = { bytes: 1_000_000, depth: 100 }

/** Throws `MalformedStrategy` with line and column. */
export function parseElements(strategy: string, source: string): Element {
  if (source.length > limits.bytes)
    throw new MalformedStrategy(strategy, `longer than ${limits.bytes} characters`, 1, 1)
  const parser = new SaxesParser({ xmlns: true, position: true })
  const open: Element[] = []
  let root: Element | undefined
  const fail = (problem: string): never => {
    throw new MalformedStrategy(strategy, problem, parser.line, parser.column + 1)
  }

  parser.on('error', (error) => fail(error.message.replace(/^\d+:\d+: /, '')))
  parser.on('doctype', () => fail('a document type is refused'))
  parser.on('opentag', (tag) => {
    const prefix = tag.uri === scxml || tag.uri === '' ? '' : module.exec(tag.uri)?.[1]
    if (prefix === undefined) fail(`unknown namespace ${tag.uri} of <${tag.name}>`)
    if (open.length >= limits.depth) fail('elements are nested too deeply')
    const attributes: Record<string, string> = {}
    for (const attribute of Object.values(tag.attributes)) {
      if (attribute.prefix !== 'xmlns' && attribute.name !== 'xmlns') attributes[attribute.local] = attribute.value
    }
    const name = prefix ? `${prefix}:${tag.local}` : tag.local
    const element: Element = { name, attributes, children: [], text: '', line: parser.line, column: parser.column + 1 }
    open.at(-1)?.children.push(element)
    root ??= element
    open.push(element)
  })
  const text = (value: string) => {
    const element = open.at(-1)
    if (element) element.text += value
  }
  parser.on('text', text)
  parser.on('cdata', text)
  parser.on('closetag', () => open.pop())
  parser.write(source).close()
  return root ?? fail('the document is empty')
}

/** SCXML text to `Document`: every element and attribute is known, every target exists, or the error says where not. */
import { MalformedStrategy } from '../../errors.ts'
import { type ActionShape, actionShapes } from '../actions/shapes.ts'
import type { Document, Executable, Param, StateNode, Transition, Value } from './document.ts'
import { type Element, parseElements } from './elements.ts'

type Draft = { states: Record<string, StateNode>; targets: { id: string; at: Element }[]; unnamed: number }

/** Throws `MalformedStrategy`. */
export function parseStrategy(name: string, source: string): Document {
  return new Reader(name).document(parseElements(name, source))
}

class Reader {
  private readonly strategy: string
  private readonly draft: Draft = { states: {}, targets: [], unnamed: 0 }

  constructor(strategy: string) {
    this.strategy = strategy
  }

  document(root: Element): Document {
    if (root.name !== 'scxml') this.fail(root, `the document is <${root.name}>, not <scxml>`)
    this.attributes(root, ['version', 'name', 'initial', 'datamodel', 'binding'])
    const datamodel = root.attributes.datamodel ?? 'ecmascript'
    if (datamodel !== 'ecmascript') this.fail(root, `datamodel "${datamodel}" is not available, only ecmascript`)
    const states = root.children.filter((child) => this.isState(child))
    const first = states.map((child) => this.state(child, []))[0]
    const initial = root.attributes.initial ?? first
    if (!initial) return this.fail(root, 'there is no <state>')
    this.draft.targets.push({ id: initial, at: root })
    const data = this.named(root, 'datamodel').flatMap((model) => model.children.map((item) => this.data(item)))
    const scripts = this.named(root, 'script').map((script) => script.text)
    this.only(root, ['state', 'final', 'parallel', 'datamodel', 'script'])
    for (const { id, at } of this.draft.targets) {
      if (!Object.hasOwn(this.draft.states, id)) this.fail(at, `there is no state "${id}"`)
    }
    return { name: this.strategy, initial, data, scripts, states: this.draft.states }
  }

  private isState(element: Element): boolean {
    if (['parallel', 'history', 'invoke'].includes(element.name)) {
      this.fail(element, `<${element.name}> is not available yet`)
    }
    return element.name === 'state' || element.name === 'final'
  }

  /** Adds the state and those in it; returns its id. */
  private state(element: Element, ancestors: readonly string[]): string {
    this.attributes(element, ['id', 'initial'])
    const id = element.attributes.id ?? `_state${++this.draft.unnamed}`
    if (Object.hasOwn(this.draft.states, id)) this.fail(element, `there is already a state "${id}"`)
    const kind = element.name as 'state' | 'final'
    const node: StateNode = {
      id,
      kind,
      ancestors,
      initial: undefined,
      onentry: this.named(element, 'onentry').flatMap((block) => this.block(block)),
      onexit: this.named(element, 'onexit').flatMap((block) => this.block(block)),
      transitions: this.named(element, 'transition').map((transition) => this.transition(transition)),
      donedata: this.named(element, 'donedata').flatMap((block) => block.children.map((child) => this.param(child))),
    }
    this.draft.states[id] = node
    const children = element.children.filter((child) => this.isState(child))
    const first = children.map((child) => this.state(child, [...ancestors, id]))[0]
    node.initial = this.initialOf(element) ?? first
    this.only(element, ['state', 'final', 'onentry', 'onexit', 'transition', 'donedata', 'initial', 'datamodel'])
    return id
  }

  private initialOf(element: Element): string | undefined {
    const written = element.attributes.initial ?? this.named(element, 'initial')[0]?.children[0]?.attributes.target
    if (written) this.draft.targets.push({ id: written, at: element })
    return written
  }

  private transition(element: Element): Transition {
    this.attributes(element, ['event', 'cond', 'target', 'type'])
    const { event, cond, target, type } = element.attributes
    if (target) this.draft.targets.push({ id: target, at: element })
    if (target?.includes(' ')) this.fail(element, 'more than one target is not available yet')
    if (!event && !cond && !target) this.fail(element, 'a transition needs an event, a cond or a target')
    const events = (event ?? '').split(/\s+/).filter((descriptor) => descriptor !== '')
    return { events, cond, target, internal: type === 'internal', body: this.block(element) }
  }

  private block(element: Element): Executable[] {
    return element.children.map((child) => this.executable(child))
  }

  private executable(element: Element): Executable {
    const shape = actionShapes[element.name]
    if (shape) return this.action(element, shape)
    const a = element.attributes
    switch (element.name) {
      case 'raise':
        return { kind: 'raise', event: this.required(element, 'event') }
      case 'if':
        return this.condition(element)
      case 'log':
        return { kind: 'log', label: a.label ?? '', expr: a.expr }
      case 'assign':
        return { kind: 'assign', location: this.required(element, 'location'), expr: a.expr ?? element.text.trim() }
      case 'script':
        return { kind: 'script', source: element.text }
      case 'send':
        return this.send(element)
      case 'cancel':
        return { kind: 'cancel', sendid: this.value(element, 'sendid') ?? this.fail(element, 'sendid is missing') }
      default:
        return this.fail(element, `<${element.name}> is not available in executable content`)
    }
  }

  private condition(element: Element): Executable {
    const branches: { cond: string | undefined; body: Executable[] }[] = [
      { cond: this.required(element, 'cond'), body: [] },
    ]
    for (const child of element.children) {
      if (child.name === 'elseif') branches.push({ cond: this.required(child, 'cond'), body: [] })
      else if (child.name === 'else') branches.push({ cond: undefined, body: [] })
      else branches.at(-1)?.body.push(this.executable(child))
    }
    return { kind: 'if', branches }
  }

  private send(element: Element): Executable {
    this.attributes(element, ['event', 'eventexpr', 'id', 'delay', 'delayexpr', 'target', 'type'])
    const { target, type } = element.attributes
    if (target && target !== '#_internal') this.fail(element, '<send> to others is not available yet')
    if (type && !/^scxml$|SCXMLEventProcessor\/?$/.test(type))
      this.fail(element, `<send type="${type}"> is not available`)
    return {
      kind: 'send',
      id: element.attributes.id,
      event: this.value(element, 'event') ?? this.fail(element, 'event is missing'),
      delay: this.value(element, 'delay') ?? { literal: '0s' },
      params: element.children.map((child) => this.param(child)),
    }
  }

  private action(element: Element, shape: ActionShape): Executable {
    const names = Object.keys(shape.attributes)
    this.attributes(
      element,
      names.flatMap((name) => [name, `${name}expr`]),
    )
    const attributes: Record<string, Value> = {}
    for (const name of names) {
      const value = this.value(element, name)
      if (value) attributes[name] = value
      else if (shape.attributes[name] === 'required')
        this.fail(element, `<${element.name}> needs ${name} or ${name}expr`)
    }
    const targets = element.children.map((child) => {
      if (child.name !== shape.child) this.fail(child, `<${child.name}> does not belong in <${element.name}>`)
      this.attributes(child, ['skills', 'skillsexpr'])
      return this.value(child, 'skills') ?? this.fail(child, `<${child.name}> needs skills or skillsexpr`)
    })
    if (shape.child && targets.length === 0) this.fail(element, `<${element.name}> needs at least one <${shape.child}>`)
    return { kind: 'action', name: element.name, attributes, targets }
  }

  private value(element: Element, name: string): Value | undefined {
    const literal = element.attributes[name]
    const expr = element.attributes[`${name}expr`]
    if (literal !== undefined && expr !== undefined) this.fail(element, `${name} and ${name}expr exclude each other`)
    if (expr !== undefined) return { expr }
    return literal === undefined ? undefined : { literal }
  }

  private data(element: Element): { id: string; expr: string | undefined } {
    this.attributes(element, ['id', 'expr'])
    const text = element.text.trim()
    return { id: this.required(element, 'id'), expr: element.attributes.expr ?? (text === '' ? undefined : text) }
  }

  private param(element: Element): Param {
    if (element.name !== 'param') this.fail(element, `<${element.name}> is not available here, only <param>`)
    return { name: this.required(element, 'name'), expr: this.required(element, 'expr') }
  }

  private named(element: Element, name: string): Element[] {
    return element.children.filter((child) => child.name === name)
  }

  private required(element: Element, name: string): string {
    return element.attributes[name] ?? this.fail(element, `<${element.name}> needs ${name}`)
  }

  private attributes(element: Element, known: readonly string[]): void {
    for (const name of Object.keys(element.attributes)) {
      if (!known.includes(name)) {
        this.fail(element, `<${element.name}> has no attribute ${name}; it has ${known.join(', ')}`)
      }
    }
  }

  private only(element: Element, known: readonly string[]): void {
    for (const child of element.children) {
      if (!known.includes(child.name)) this.fail(child, `<${child.name}> does not belong in <${element.name}>`)
    }
  }

  private fail(element: Element, problem: string): never {
    throw new MalformedStrategy(this.strategy, problem, element.line, element.column)
  }
}

/**
 * The ECMAScript datamodel of strategies in QuickJS: one virtual machine for each strategy, one scope for each of its
 * sessions. A script can burn neither time nor memory beyond its budget, and reaches nothing outside.
 */
import type { QuickJSContext, QuickJSHandle, QuickJSRuntime, QuickJSWASMModule } from 'quickjs-emscripten'
import { StrategyFailed } from '../../errors.ts'
import { type Evaluator, StrategyError, type StrategyEvent } from '../scxml/interpreter.ts'

/** Budget of one expression: QuickJS asks the interrupt about every 10,000 operations; 200 of these are some 20 ms. */
const mostInterrupts = 200
const memory = 16 * 1024 * 1024
const stack = 256 * 1024

/**
 * Inside the machine. Sessions are scopes of names; `with` makes them variables, sloppy mode is what SCXML's
 * ECMAScript profile asks for. Values cross the border as JSON.
 */
const prelude = `
  (function (global) {
    const scopes = new Map();
    const compiled = new Map();
    const compile = (kind, source) => {
      const key = kind + source;
      let f = compiled.get(key);
      if (!f) {
        const body = kind === 'v' ? 'return (' + source + '\\n)' : source;
        f = Function('_scope', 'with (_scope) {' + body + '\\n}');
        if (compiled.size > 10000) compiled.clear();
        compiled.set(key, f);
      }
      return f;
    };
    const json = (value) => (value === undefined ? '' : JSON.stringify(value));
    global.__open = (id, text) => { scopes.set(id, Object.assign(Object.create(null), JSON.parse(text))); };
    global.__close = (id) => { scopes.delete(id); };
    global.__snapshot = (id) => json(scopes.get(id));
    global.__event = (id, text) => { scopes.get(id)._event = text === '' ? undefined : JSON.parse(text); };
    global.__value = (id, source) => json(compile('v', source).call(undefined, scopes.get(id)));
    global.__script = (id, source) => { compile('s', source).call(undefined, scopes.get(id)); };
    global.__declare = (id, name, source) => {
      const scope = scopes.get(id);
      scope[name] = source === '' ? undefined : compile('v', source).call(undefined, scope);
    };
  })(globalThis);
`

type Name = '__open' | '__close' | '__snapshot' | '__event' | '__value' | '__script' | '__declare'

/** One strategy's machine; `dispose` frees its memory. */
export class Datamodel {
  private readonly strategy: string
  private readonly runtime: QuickJSRuntime
  private readonly context: QuickJSContext
  private readonly functions = new Map<Name, QuickJSHandle>()
  private interrupts = 0

  constructor(module: QuickJSWASMModule, strategy: string) {
    this.strategy = strategy
    this.runtime = module.newRuntime()
    this.runtime.setMemoryLimit(memory)
    this.runtime.setMaxStackSize(stack)
    this.runtime.setInterruptHandler(() => ++this.interrupts > mostInterrupts)
    this.context = this.runtime.newContext()
    this.context.unwrapResult(this.context.evalCode(prelude)).dispose()
  }

  /** A new scope with these names in it. */
  open(session: string, names: Readonly<Record<string, unknown>>): void {
    this.call('__open', session, JSON.stringify(names))
  }
  /** A scope as `snapshot` told it. */
  restore(session: string, snapshot: string): void {
    this.call('__open', session, snapshot)
  }
  snapshot(session: string): string {
    return this.call('__snapshot', session)
  }
  close(session: string): void {
    this.call('__close', session)
  }

  evaluator(session: string): Evaluator {
    return {
      event: (event: StrategyEvent | undefined) =>
        void this.call('__event', session, event ? JSON.stringify(event) : ''),
      value: (expr) => {
        const text = this.call('__value', session, expr)
        return text === '' ? undefined : (JSON.parse(text) as unknown)
      },
      assign: (location, expr) => void this.call('__script', session, `${location} = (${expr}\n)`),
      script: (source) => void this.call('__script', session, source),
      declare: (id, expr) => void this.call('__declare', session, id, expr ?? ''),
    }
  }

  dispose(): void {
    for (const handle of this.functions.values()) handle.dispose()
    this.context.dispose()
    this.runtime.dispose()
  }

  private function(name: Name): QuickJSHandle {
    const known = this.functions.get(name)
    if (known) return known
    const handle = this.context.getProp(this.context.global, name)
    this.functions.set(name, handle)
    return handle
  }

  private call(name: Name, ...texts: string[]): string {
    this.interrupts = 0
    const handles = texts.map((text) => this.context.newString(text))
    try {
      const result = this.context.callFunction(this.function(name), this.context.undefined, ...handles)
      if (result.error) throw this.thrown(result.error)
      const text = this.context.typeof(result.value) === 'string' ? this.context.getString(result.value) : ''
      result.value.dispose()
      return text
    } finally {
      for (const handle of handles) handle.dispose()
    }
  }

  /** What a script threw is its own affair; out of budget is the end of the session. */
  private thrown(handle: QuickJSHandle): Error {
    const error: unknown = this.context.dump(handle)
    handle.dispose()
    const { name, message } = (typeof error === 'object' && error !== null ? error : { message: error }) as Error
    if (this.interrupts > mostInterrupts) return new StrategyFailed(this.strategy, 'a script ran too long')
    if (/out of memory/.test(String(message))) return new StrategyFailed(this.strategy, 'a script used too much memory')
    return new StrategyError([name, message].filter(Boolean).join(': '))
  }
}

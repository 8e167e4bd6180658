/** What the product shall reach, by benchmark: the lines of the first table of docs/benchmarks.md. */

export type Goal = {
  readonly bench: string
  readonly what: string
  /** Which of its figures counts: `value`, `ratio` (to the peer of the same run) or the label of a detail. */
  readonly figure: string
  readonly unit: string
  readonly must: number
  readonly aim?: number
  /** More is better; else less is. */
  readonly atLeast?: boolean
}

const timesKamailio = '× Kamailio'
const failures = { figure: 'failed', unit: 'calls failed', must: 0 }

export const goals: readonly Goal[] = [
  { bench: 'proxy', what: 'Stateful proxy', figure: 'ratio', unit: timesKamailio, must: 1.2, aim: 1 },
  { bench: 'proxy', what: 'The same at 4,000 calls/s', ...failures },
  {
    bench: 'proxy',
    what: 'The same at 4,000 calls/s',
    figure: 'retransmissions',
    unit: 'retransmissions',
    must: 0,
  },
  {
    bench: 'b2bua',
    what: 'SIP Server B2BUA with T-events',
    figure: 'ratio',
    unit: timesKamailio,
    must: 2,
    aim: 1.3,
  },
  { bench: 'acd', what: 'Whole ACD call, agent free', figure: 'value', unit: 'ms', must: 1.2, aim: 0.7 },
  { bench: 'greeting', what: 'The same with greeting and music', figure: 'value', unit: 'ms', must: 2, aim: 1.2 },
  { bench: 'agents', what: 'An ACD call, 20 → 2,000 agents', figure: 'ratio', unit: '×', must: 1.2, aim: 1 },
  {
    bench: 'acd',
    what: 'Agent idle while callers wait, p99 up to',
    figure: 'agentIdleP99UpToMs',
    unit: 'ms',
    must: 20,
    aim: 5,
  },
  {
    bench: 'overload',
    what: 'Goodput, twice the clean rate offered',
    figure: 'goodputPercent',
    unit: '%',
    must: 80,
    aim: 95,
    atLeast: true,
  },
  {
    bench: 'registrations',
    what: 'Registrations, nonce used before',
    figure: 'reusedPerSecondAndCore',
    unit: 'a second and core',
    must: 15_000,
    aim: 20_000,
    atLeast: true,
  },
  {
    bench: 'registrations',
    what: 'Registrations, each challenged',
    figure: 'challengedPerSecondAndCore',
    unit: 'a second and core',
    must: 7_000,
    aim: 12_000,
    atLeast: true,
  },
  { bench: 'memory', what: 'Memory of an active call', figure: 'value', unit: 'KB', must: 20, aim: 10 },
  {
    bench: 'memory',
    what: 'Memory of a binding at a proxy',
    figure: 'bytesPerBindingAndProxy',
    unit: 'bytes',
    must: 1_024,
    aim: 500,
  },
  {
    bench: 'memory',
    what: 'Kept of a call, over 100,000',
    figure: 'bytesKeptPerCall',
    unit: 'bytes',
    must: 64,
    aim: 0,
  },
  { bench: 'relay', what: 'Leg of a relayed call', figure: 'ratio', unit: '× rtpengine', must: 1.2, aim: 1 },
  {
    bench: 'relay',
    what: 'Relayed legs',
    figure: 'legsPerCore',
    unit: 'a core',
    must: 800,
    aim: 1_500,
    atLeast: true,
  },
  { bench: 'relay', what: 'Jitter added to 800 legs, p99', figure: 'jitterP99Ms', unit: 'ms', must: 5 },
  {
    bench: 'prompts',
    what: 'Prompt ports',
    figure: 'portsPerCore',
    unit: 'a core',
    must: 1_500,
    aim: 3_000,
    atLeast: true,
  },
  {
    bench: 'soak',
    what: 'An hour at half the clean rate: pauses of collections, p99',
    figure: 'value',
    unit: 'ms',
    must: 20,
  },
  { bench: 'soak', what: 'The same', ...failures },
  { bench: 'soak', what: 'The same: agents stuck', figure: 'stuckAgents', unit: 'agents', must: 0 },
  { bench: 'soak', what: 'The same: growth of the heap', figure: 'heapGrownMB', unit: 'MB', must: 10 },
]

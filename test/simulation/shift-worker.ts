/** One shift in a thread of its own: its world shares nothing with the others'. */
import { constants, setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { Shift, type ShiftOptions } from '#simulation/people/shift.ts'

export type ShiftOrder = ShiftOptions & { readonly calls: number }

export type ShiftReport = {
  /** What went on, for whoever compares runs. */
  readonly summary: object
  readonly found: Awaited<ReturnType<Shift['found']>>
}

async function work({ calls, ...options }: ShiftOrder): Promise<ShiftReport> {
  const shift = await Shift.begin(options)
  await shift.calls(calls)
  await shift.settle()
  await shift.everybodyTalks()
  await shift.settle()
  await shift.everybodyLeaves()
  const found = await shift.found()
  await shift.end()
  return { summary: shift.summary(), found }
}

// Virtual time does not mind waiting; the tests that run beside it, with phones that play audio, do.
setPriority(constants.priority.PRIORITY_LOW)
parentPort?.postMessage(await work(workerData as ShiftOrder))

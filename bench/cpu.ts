/** CPU time of a process, its threads and its children, as the kernel's scheduler counts it. */
import { readdirSync, readFileSync } from 'node:fs'

/** Milliseconds on a CPU so far. */
export function cpuMs(pid: number): number {
  return family(pid).reduce((sum, one) => sum + ofProcess(one), 0)
}

/** Milliseconds that each thread of one process has been on a CPU so far, by thread id. */
export function threadsCpuMs(pid: number): Map<number, number> {
  return new Map(list(`/proc/${pid}/task`).map((task) => [Number(task), ofThread(pid, task)]))
}

/** Peak resident memory of one process in MB. */
export function peakMB(pid: number): number {
  const line = read(`/proc/${pid}/status`).match(/VmHWM:\s+(\d+) kB/)
  return Math.round(Number(line?.[1] ?? 0) / 1024)
}

function ofProcess(pid: number): number {
  return list(`/proc/${pid}/task`).reduce((sum, task) => sum + ofThread(pid, task), 0)
}

const ofThread = (pid: number, task: string): number =>
  Number(read(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0]) / 1e6

function family(pid: number): number[] {
  const children = list(`/proc/${pid}/task`).flatMap((task) =>
    read(`/proc/${pid}/task/${task}/children`).trim().split(' ').filter(Boolean).map(Number),
  )
  return [pid, ...children.flatMap(family)]
}

/** A thread or process may end while it is looked at. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
function list(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

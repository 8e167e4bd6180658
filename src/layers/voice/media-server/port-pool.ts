/**
 * The even UDP ports of a range (RFC 3550 §11). A port given back is taken again after all others, so that packets on
 * their way to its last user meet nobody.
 */
export class PortPool {
  readonly size: number
  private readonly free: number[] = []

  constructor(first: number, last: number) {
    for (let port = first + (first % 2); port <= last; port += 2) this.free.push(port)
    this.size = this.free.length
  }

  get left(): number {
    return this.free.length
  }

  take(): number | undefined {
    return this.free.shift()
  }

  give(port: number): void {
    this.free.push(port)
  }
}

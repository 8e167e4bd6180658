/** The root of every operational failure: thrown with a stable code, never for a protocol outcome. */
export class ClusterError extends Error {
  readonly code: string
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

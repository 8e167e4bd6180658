/** What a command reads and writes: data goes to `out`, messages go to `err`. */
export interface Terminal {
  out(text: string): void
  /** A file, for a pipe or a redirection. */
  file(bytes: Uint8Array): void
  err(text: string): void
  readonly env: Readonly<Record<string, string | undefined>>
}

export const processTerminal: Terminal = {
  out: (text) => void process.stdout.write(`${text}\n`),
  file: (bytes) => void process.stdout.write(bytes),
  err: (text) => void process.stderr.write(`${text}\n`),
  env: process.env,
}

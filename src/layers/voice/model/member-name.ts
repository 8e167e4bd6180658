/** The name of a member of the cluster, the same everywhere: what Contact, Via and marks in routes call it. */

/** `node1.dc1`, whether the member calls itself `node1` or `node1.dc1`. In lower case, as hosts are compared. */
export function memberName(name: string, dc: string): string {
  const suffix = `.${dc.toLowerCase()}`
  const lower = name.toLowerCase()
  return lower.endsWith(suffix) ? lower : lower + suffix
}

/** What an EventError says: the published codes with their words; the message adds the particulars. */
export const errors = {
  notRegistered: { code: 41, words: 'the client has not registered' },
  resourceSeized: { code: 42, words: 'the resource is in use' },
  unsupported: { code: 51, words: 'not available yet' },
  internal: { code: 52, words: 'internal error' },
  invalidAttribute: { code: 53, words: 'an attribute is missing or wrong' },
  invalidConnID: { code: 56, words: 'there is no such call' },
  timeout: { code: 57, words: 'no answer in time' },
  outOfService: { code: 58, words: 'the DN is out of service' },
  unknownDN: { code: 59, words: 'the DN is not configured' },
  invalidDestination: { code: 71, words: 'the destination does not exist' },
  invalidAgent: { code: 80, words: 'no such agent, or a wrong password' },
  agentLoggedIn: { code: 81, words: 'the agent or the DN is logged in already' },
  wrongState: { code: 93, words: 'the request does not fit the present state' },
  linkLost: { code: 54, words: 'the link to the owner is down' },
  busy: { code: 231, words: 'the DN is busy' },
} as const satisfies Record<string, { code: number; words: string }>

export type ErrorName = keyof typeof errors

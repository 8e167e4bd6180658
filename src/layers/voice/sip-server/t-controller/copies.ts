/** What this node knows of the DNs that others own: as their owners last told it, also when they cannot be reached. */
import type { AddressState, AgentStatus } from '#protocols/tlib/attributes.ts'
import { type Agent, nobody } from './agent.ts'

export type Former = {
  readonly epoch: number | undefined
  readonly agent: { readonly state: AgentStatus; readonly data: Agent } | undefined
}

export class Copies {
  private readonly addresses = new Map<string, AddressState>()
  private readonly places = new Map<string, string>()
  /** The highest term known of each DN, whoever held it. */
  private readonly epochs = new Map<string, number>()

  put(address: AddressState): void {
    const { thisDN: dn, ownerEpoch = 0 } = address
    if (ownerEpoch < (this.epochs.get(dn) ?? 0)) return
    this.forgetAgent(dn)
    this.epochs.set(dn, ownerEpoch)
    const before = this.addresses.get(dn)?.agentID
    this.addresses.set(dn, address)
    if (address.agentID !== undefined) this.places.set(address.agentID, dn)
    else if (before !== undefined) this.find(before)
  }

  /** The DN becomes ours. */
  take(dn: string): Former {
    const address = this.addresses.get(dn)
    this.forgetAgent(dn)
    this.addresses.delete(dn)
    return { epoch: this.epochs.get(dn), agent: address && agentOf(address) }
  }

  /** Of a node's DNs only these are left. */
  keep(node: string, dns: ReadonlySet<string>): void {
    for (const [dn, address] of this.addresses) {
      if (address.node !== node || dns.has(dn)) continue
      this.forgetAgent(dn)
      this.addresses.delete(dn)
    }
  }

  of(dn: string): AddressState | undefined {
    return this.addresses.get(dn)
  }

  /** The name of the node that owns it. */
  ownerOf(dn: string): string | undefined {
    return this.addresses.get(dn)?.node
  }

  dnOf(agentID: string): string | undefined {
    return this.places.get(agentID)
  }

  /** He may have been logged in twice for a moment: he still is where he was not logged out. */
  private find(agentID: string): void {
    for (const [dn, address] of this.addresses) if (address.agentID === agentID) this.places.set(agentID, dn)
  }

  private forgetAgent(dn: string): void {
    const agentID = this.addresses.get(dn)?.agentID
    if (agentID !== undefined && this.places.get(agentID) === dn) this.places.delete(agentID)
  }
}

/** After-call work whose end only the former owner knew has no timer here: the agent ends it. */
function agentOf({ agentID, agentStatus, workMode, reasons = {} }: AddressState): Former['agent'] {
  if (agentID === undefined || agentStatus === undefined || agentStatus === 'LoggedOut') return undefined
  return { state: agentStatus, data: { ...nobody, agentID, workMode, reasons } }
}

/** Invariant 8: whoever stays in a call that was transferred learns of it in the same batch. */
import type { DeviceEvent } from '../events.ts'
import type { Report, World } from './world.ts'

type Owed = { readonly by: string; readonly connID: string; readonly dns: Set<string> }

export function transferRule(world: World, report: Report) {
  /** What is owed, by the ConnID that the transferring party left. */
  const owed = new Map<string, Owed>()

  const remaining = (event: DeviceEvent) => {
    const dns = new Set<string>()
    for (const [dn, calls] of world.parties) {
      const party = calls.get(event.connID)
      if (party && dn !== event.thisDN && party.broughtBy !== event.thisDN) dns.add(dn)
    }
    return dns
  }
  const settle = (connID: string, dn: string, by: string | undefined) => {
    const debt = owed.get(connID)
    if (!debt || debt.by !== by) return
    debt.dns.delete(dn)
    if (debt.dns.size === 0) owed.delete(connID)
  }
  const complain = (debt: Owed) => {
    owed.delete(debt.connID)
    report(
      8,
      `${debt.by} transferred call ${debt.connID}, and ${[...debt.dns].join(', ')} got no EventPartyChanged for it`,
    )
  }

  return {
    /** Before the parties are advanced, so that who was in the call is still known. */
    event(event: DeviceEvent): void {
      if (event.name === 'EventReleased' && event.callState === 'Transferred') {
        const dns = remaining(event)
        if (dns.size > 0) owed.set(event.connID, { by: event.thisDN, connID: event.connID, dns })
        return
      }
      if (event.name === 'EventPartyChanged') {
        settle(event.connID, event.thisDN, event.thirdPartyDN)
        if (event.previousConnID) settle(event.previousConnID, event.thisDN, event.thirdPartyDN)
        return
      }
      const debt = owed.get(event.connID)
      if (debt) complain(debt)
    },
    end(): void {
      for (const debt of [...owed.values()]) complain(debt)
    },
  }
}

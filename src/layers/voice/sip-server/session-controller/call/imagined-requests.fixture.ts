/** What numbers lead to, and what clients ask, in the imagined world. */
import type { Target } from './call.ts'

export const direct = 'direct' as const
export const targets: Readonly<Record<string, Target>> = {
  1002: { kind: 'dn', dn: '1002', uri: 'sip:1002@ringmain', media: direct },
  1003: { kind: 'dn', dn: '1003', uri: 'sip:1003@ringmain', media: direct },
  8010: { kind: 'routing-point', dn: '8010', media: direct, defaultDestination: '1003' },
  8011: { kind: 'routing-point', dn: '8011', media: 'anchored' },
  8900: { kind: 'service', dn: '8900', service: 'echo' },
  442079460099: { kind: 'trunk', trunk: 'c', number: '442079460099', uri: 'sip:442079460099@127.0.0.1', media: direct },
}

/** What a client may ask about a DN. */
export const requestsOf = (thisDN: string) => {
  const common = { thisDN, connID: '0001000100000001', refID: 1 }
  const one = <Name extends string>(name: Name, more: object = {}) => ({ name, ...common, ...more })
  return [
    { ...one('RequestRouteCall'), otherDN: '1002' },
    { ...one('RequestRouteCall'), otherDN: '1003' },
    { ...one('RequestRouteCall'), otherDN: '8011' },
    { ...one('RequestRouteCall'), otherDN: '8900' },
    { ...one('RequestRouteCall'), otherDN: '442079460099' },
    one('RequestApplyTreatment', { treatmentType: 'Music' }),
    one('RequestApplyTreatment', { treatmentType: 'PlayAnnouncement', treatmentParameters: { prompt: 'greeting' } }),
    one('RequestApplyTreatment', { treatmentType: 'Silence' }),
    one('RequestHoldCall'),
    one('RequestRetrieveCall'),
    one('RequestReleaseCall'),
    one('RequestAnswerCall'),
    one('RequestSendDtmf', { dtmfDigits: '1' }),
    { ...one('RequestSingleStepTransfer'), otherDN: '1003' },
    { ...one('RequestSingleStepTransfer'), otherDN: '8010' },
    one('RequestUpdateUserData', { userData: { key: 'value' } }),
    one('RequestQueryCall'),
  ]
}

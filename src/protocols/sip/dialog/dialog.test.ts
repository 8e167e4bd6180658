import { describe, expect, it } from 'vitest'
import { buildRequest } from '../message/build-request.ts'
import { dialogOfCallee, nextURI, requestIn } from './dialog.ts'

const invite = (recordRoute: string, fields: readonly (readonly [string, string])[] = []) =>
  buildRequest({
    method: 'INVITE',
    requestURI: 'sip:bob@example.com',
    from: '<sip:alice@example.com>',
    to: '<sip:bob@example.com>',
    callID: 'c1',
    cseq: 1,
    contact: '<sip:alice@192.0.2.1>',
    fields: [['Record-Route', recordRoute], ...fields],
  }).finish('SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1')

describe('requests in a dialog', () => {
  it('keep the Request-URI where the first router is loose (RFC 3261 §12.2.1.1)', () => {
    const dialog = dialogOfCallee(invite('<sip:one@p1;lr>, <sip:p2>'), 'b')

    const parts = dialog && requestIn(dialog, 'BYE', 1, {})
    expect(parts).toMatchObject({ requestURI: 'sip:alice@192.0.2.1', route: ['<sip:one@p1;lr>', '<sip:p2>'] })
  })

  it('go to a strict router of RFC 2543 as their Request-URI, the target as the last Route (RFC 3261 §12.2.1.1)', () => {
    const dialog = dialogOfCallee(invite('<sip:p1>, <sip:p2;lr>'), 'b')

    const parts = dialog && requestIn(dialog, 'BYE', 1, {})
    expect(parts).toMatchObject({ requestURI: 'sip:p1', route: ['<sip:p2;lr>', '<sip:alice@192.0.2.1>'] })
    expect(dialog && nextURI(dialog)).toBe('sip:p1')
  })

  it('name a peer of RFC 2543 without a tag (RFC 3261 §12.1.2)', () => {
    const dialog = dialogOfCallee(invite('<sip:p2;lr>'), 'b')

    expect(dialog).toMatchObject({ remoteTag: '', remote: '<sip:alice@example.com>' })
  })
})

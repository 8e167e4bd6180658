/**
 * Keys of SRTP in SDP (RFC 4568): a=crypto:TAG SUITE inline:KEY. One key of each, without MKI: who offers more offers
 * other lines beside it.
 */

import { masterLength } from './session-keys.ts'
import type { SrtpKey } from './srtp.ts'
import { type Suite, tagLengths } from './transform.ts'

export type CryptoAttribute = SrtpKey & { readonly tag: string }

/** A lifetime is longer than any call: 2^20 packets are six hours. */
const form = /^crypto:(\d{1,9})[ \t]+(\w+)[ \t]+inline:([A-Za-z0-9+/]+={0,2})(?:\|(?:2\^)?\d+)?(?:[ \t]+(\S.*))?$/

/** Session parameters that change nothing about RTP as we send and read it. */
const harmless = /^(?:UNENCRYPTED_SRTCP|WSH=\d+)$/

/** `undefined` for whatever we do not speak. */
export function parseCrypto(value: string): CryptoAttribute | undefined {
  const [, tag, suite, key, parameters] = form.exec(value) ?? []
  if (tag === undefined || key === undefined || !isSuite(suite)) return undefined
  if (parameters?.split(/[ \t]+/).some((parameter) => !harmless.test(parameter))) return undefined
  const master = Buffer.from(key, 'base64')
  return master.length === masterLength ? { tag, suite, master } : undefined
}

export const buildCrypto = ({ tag, suite, master }: CryptoAttribute): string =>
  `crypto:${tag} ${suite} inline:${Buffer.from(master).toString('base64')}`

const isSuite = (name: string | undefined): name is Suite => name !== undefined && Object.hasOwn(tagLengths, name)

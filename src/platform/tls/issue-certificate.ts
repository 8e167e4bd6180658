/**
 * Makes certificates (RFC 5280): what a demo or a test shows where nobody brought one. ECDSA over P-256, which every TLS
 * stack of the last ten years takes.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { addressBytes } from '../numeric-address.ts'
import { timestamp } from '../time.ts'
import * as der from './der.ts'

/** PEM. */
export type Issued = { readonly certificate: string; readonly key: string }

export type CertificateRequest = {
  /** Shown to people. */
  readonly commonName: string
  readonly names?: readonly string[]
  /** URIs, e.g. `sip:example.com` (RFC 5922 §7.1). */
  readonly uris?: readonly string[]
  /** Numeric. */
  readonly addresses?: readonly string[]
  /** Milliseconds since 1970. */
  readonly validFrom: number
  readonly validTo: number
  /** Whether it may vouch for others. */
  readonly authority?: boolean
  /** Who vouches for it: a common name, and the key; it does itself where there is nobody. */
  readonly issuer?: { readonly commonName: string; readonly key: string }
}

/** A new key and its certificate. */
export function issueCertificate(request: CertificateRequest): Issued {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { commonName, issuer, validFrom, validTo } = request
  const signer = issuer === undefined ? privateKey : createPrivateKey(issuer.key)
  const toBeSigned = der.sequence(
    der.explicit(0, der.integer(Buffer.from([2]))),
    der.integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ecdsaWithSHA256,
    nameOf(issuer?.commonName ?? commonName),
    der.sequence(time(validFrom), time(validTo)),
    nameOf(commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    der.explicit(3, extensions(request, publicKey, createPublicKey(signer))),
  )
  const signature = sign('sha256', toBeSigned, signer)
  return {
    certificate: pem(der.sequence(toBeSigned, ecdsaWithSHA256, der.bits(signature))),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

const ecdsaWithSHA256 = der.sequence(der.objectIdentifier('1.2.840.10045.4.3.2'))

const nameOf = (commonName: string) =>
  der.sequence(der.set(der.sequence(der.objectIdentifier('2.5.4.3'), der.utf8(commonName))))

/** GeneralizedTime, UTCTime before 2050 (RFC 5280 §4.1.2.5). */
function time(milliseconds: number): Buffer {
  const digits = `${timestamp(milliseconds)
    .replace(/[^0-9]/g, '')
    .slice(0, 14)}Z`
  return digits < '2050' ? der.tagged(0x17, Buffer.from(digits.slice(2))) : der.tagged(0x18, Buffer.from(digits))
}

function extensions(request: CertificateRequest, subject: KeyObject, signer: KeyObject): Buffer {
  const { authority = false } = request
  const alternatives = alternativeNames(request)
  return der.sequence(
    extension('2.5.29.19', der.sequence(...(authority ? [der.yes] : [])), true),
    extension('2.5.29.14', der.octets(keyIdentifier(subject))),
    extension('2.5.29.35', der.sequence(der.implicit(0, keyIdentifier(signer)))),
    ...(alternatives.length === 0 ? [] : [extension('2.5.29.17', der.sequence(...alternatives))]),
  )
}

const extension = (identifier: string, value: Buffer, critical = false) =>
  der.sequence(der.objectIdentifier(identifier), ...(critical ? [der.yes] : []), der.octets(value))

/** RFC 5280 §4.2.1.2, with another hash: any number does that is the same for the same key. */
const keyIdentifier = (key: KeyObject) => key.export({ type: 'spki', format: 'der' }).subarray(-20)

/** §4.2.1.6. */
const alternativeNames = ({ names = [], uris = [], addresses = [] }: CertificateRequest) => [
  ...names.map((name) => der.implicit(2, Buffer.from(name, 'latin1'))),
  ...uris.map((uri) => der.implicit(6, Buffer.from(uri, 'latin1'))),
  ...addresses.map((address) => der.implicit(7, addressBytes(address))),
]

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

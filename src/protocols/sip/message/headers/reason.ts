/** Reason (RFC 3326). */
import { quote } from './name-addr.ts'

export type Reason = { readonly protocol: string; readonly cause: number | undefined; readonly text: string }

export const formatReason = ({ protocol, cause, text }: Reason): string =>
  `${protocol}${cause === undefined ? '' : `;cause=${cause}`}${text === '' ? '' : `;text=${quote(text)}`}`

/** Supported, Require, Proxy-Require, Unsupported, Allow: lists of tokens (RFC 3261 §20.32). */
import type { Message } from '../message.ts'

/** Option tags in lower case. */
const optionTags = (message: Message, name: string): string[] => message.headers(name).map((tag) => tag.toLowerCase())

/** `tag` in lower case. */
export const hasOptionTag = (message: Message, name: 'Supported' | 'Require' | 'Allow', tag: string): boolean =>
  optionTags(message, name).includes(tag)

/** The tags a request demands that are not in `known` (lower case): those of the 420 (§8.2.2.3). */
export const unsupportedTags = (message: Message, name: 'Require' | 'Proxy-Require', known: readonly string[]) =>
  optionTags(message, name).filter((tag) => !known.includes(tag))

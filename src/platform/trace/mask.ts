/** What must not leave the trace in a SIP message: digest responses (RFC 7616 §3.4) and SRTP keys (RFC 4568 §9.1). */
const authorization = /^(?:proxy-)?authorization[ \t]*:.*(?:\r?\n[ \t]+.*)*/gim
const response = /(\b(?:response|password)[ \t]*=[ \t]*)(?:"(?:[^"\\]|\\.)*"|[^,\s]+)/gi
const basic = /(:[ \t]*basic[ \t]+)\S+/i
const inlineKey = /(\binline:)[A-Za-z0-9+/=]+/g

export const masked = (message: string): string =>
  message
    .replace(authorization, (field) => field.replace(response, '$1"***"').replace(basic, '$1***'))
    .replace(inlineKey, '$1***')

import type { Random } from './runtime.ts'

/** A random number from 0, without 1. */
export const fraction = (random: Random): number => random.bytes(4).readUInt32BE() / 2 ** 32

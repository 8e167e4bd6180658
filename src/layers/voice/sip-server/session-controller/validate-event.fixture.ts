/** Every event that is published has what its schema says, and nothing else. */
import { Value } from 'typebox/value'
import { expect } from 'vitest'
import { type Event, eventSchemas } from '#protocols/tlib/events.ts'

export function validateEvent(event: Event): void {
  const wrong = [...Value.Errors(eventSchemas[event.name], event)].map((error) => JSON.stringify(error))
  expect(wrong, event.name).toEqual([])
}

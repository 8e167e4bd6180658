import { memoryStore } from './memory-store.ts'
import { interactionStoreConformance } from './store.conformance.ts'

interactionStoreConformance('in memory', async () => memoryStore())

import { memoryStore } from './memory-store.ts'
import { configurationStoreConformance } from './store.conformance.ts'

configurationStoreConformance('in memory', async () => memoryStore())

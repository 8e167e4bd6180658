import { World } from '#simulation/world.ts'
import { coordinationConformance } from './coordination.conformance.ts'
import { InProcessCoordination } from './in-process.ts'

coordinationConformance('one process', async () => {
  const world = new World()
  const { clock } = world.host('host')
  const coordination = new InProcessCoordination()
  return {
    participant: () => coordination.member(clock),
    until: (condition) => world.runUntil(condition),
  }
})

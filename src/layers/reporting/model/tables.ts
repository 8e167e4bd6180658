/** The tables of reporting: events by their keys, interactions by what history is asked for. */
import { type JSONColumnType, sql } from 'kysely'
import type { Migration } from '#platform/store/migrate.ts'
import type { Interaction } from '#protocols/model/http/calls.ts'
import type { CallEvent, OwnerEvent } from '#protocols/tlib/events.ts'

export type Tables = {
  reporting_position: { reader: string; node: string; position: number }
  call_event: {
    call_uuid: string
    event_no: number
    interaction: string
    position: number
    time: string
    body: JSONColumnType<CallEvent>
  }
  owner_event: {
    /** Empty for events of a DN without an agent. */
    agent_id: string
    owner_epoch: number
    event_no: number
    time: string
    body: JSONColumnType<OwnerEvent>
  }
  interaction: {
    call_uuid: string
    started_at: string
    ani: string
    dnis: string
    body: JSONColumnType<Interaction>
  }
  interaction_agent: { agent_id: string; started_at: string; call_uuid: string }
  wrap_up: {
    agent_id: string
    owner_epoch: number
    event_no: number
    call_uuid: string
    started_at: string
    ended_at: string | null
  }
}

/** Of one sort with JavaScript's: the cursor of a page compares them. */
const uuid = sql`text collate "C"`

export const migrations: readonly Migration[] = [
  {
    name: '0001-history',
    async up(db) {
      await sql`create table reporting_position (
        reader text, node text, position bigint not null, primary key (reader, node))`.execute(db)
      await sql`create table call_event (
        call_uuid ${uuid}, event_no integer, interaction ${uuid} not null, position bigint not null,
        time timestamptz not null, body json not null, primary key (call_uuid, event_no))`.execute(db)
      await sql`create index call_event_interaction on call_event (interaction)`.execute(db)
      await sql`create table owner_event (
        agent_id text, owner_epoch bigint, event_no bigint, time timestamptz not null, body json not null,
        primary key (agent_id, owner_epoch, event_no))`.execute(db)
      // Rows come in order of time and go by it: a summary of their blocks finds them, and costs nothing to keep.
      await sql`create index call_event_time on call_event using brin (time)`.execute(db)
      await sql`create index owner_event_time on owner_event using brin (time)`.execute(db)
      await sql`create table interaction (
        call_uuid ${uuid} primary key, started_at timestamptz not null, ani text not null, dnis text not null,
        body json not null)`.execute(db)
      await sql`create index interaction_newest on interaction (started_at, call_uuid)`.execute(db)
      await sql`create index interaction_ani on interaction (ani, started_at, call_uuid)`.execute(db)
      await sql`create index interaction_dnis on interaction (dnis, started_at, call_uuid)`.execute(db)
      await sql`create table interaction_agent (
        agent_id text, started_at timestamptz, call_uuid ${uuid},
        primary key (agent_id, started_at, call_uuid))`.execute(db)
      await sql`create table wrap_up (
        agent_id text, owner_epoch bigint, event_no bigint, call_uuid ${uuid} not null,
        started_at timestamptz not null, ended_at timestamptz, primary key (agent_id, owner_epoch, event_no))`.execute(
        db,
      )
      await sql`create index wrap_up_call on wrap_up (call_uuid)`.execute(db)
      await sql`create index wrap_up_open on wrap_up (agent_id) where ended_at is null`.execute(db)
    },
  },
]

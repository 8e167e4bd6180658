/** Calls, queues, agents, nodes and the overview. */
import { Type } from 'typebox'
import type { HttpApp } from '#platform/http/server.ts'
import { Agent } from '#protocols/model/http/agents.ts'
import { LiveCall } from '#protocols/model/http/calls.ts'
import { Node, Overview, Queue } from '#protocols/model/http/cluster.ts'
import { seesAll } from '../access.ts'
import { hasParty } from '../live/call.ts'
import type { LiveCalls } from '../live/live-calls.ts'
import { answers, type Services, signedIn } from './route.ts'

export function clusterRoutes(app: HttpApp, { access, view, calls }: Services & { readonly calls: LiveCalls }) {
  app.get(
    '/api/v1/calls',
    {
      schema: {
        tags: ['calls'],
        summary: 'Calls that are going on: agents see their own',
        response: answers(200, 'the calls', Type.Array(LiveCall)),
        ...signedIn,
      },
    },
    (request) => {
      const principal = access.of(request)
      const all = view.liveCalls()
      if (seesAll(principal)) return all
      const dn = view.figures(principal.employeeId)?.dn
      return all.filter(({ callUUID }) => {
        const call = calls.get(callUUID)
        return dn !== undefined && call !== undefined && hasParty(call, dn)
      })
    },
  )

  app.get(
    '/api/v1/queues',
    {
      schema: {
        tags: ['cluster'],
        summary: 'Queues with their figures',
        response: answers(200, 'the queues', Type.Array(Queue)),
        ...signedIn,
      },
    },
    (request) => {
      access.of(request)
      return view.queues()
    },
  )

  app.get(
    '/api/v1/agents',
    {
      schema: {
        tags: ['cluster'],
        summary: 'Agents with their states',
        response: answers(200, 'the agents', Type.Array(Agent)),
        ...signedIn,
      },
    },
    (request) => {
      access.of(request)
      return view.agents()
    },
  )

  app.get(
    '/api/v1/nodes',
    {
      schema: {
        tags: ['cluster'],
        summary: 'SIP Server nodes: supervisors and administrators',
        response: answers(200, 'the nodes', Type.Array(Node)),
        ...signedIn,
      },
    },
    (request) => {
      access.supervisor(request)
      return view.nodes()
    },
  )

  app.get(
    '/api/v1/overview',
    {
      schema: {
        tags: ['cluster'],
        summary: 'Counts only, for everybody',
        response: answers(200, 'the overview', Overview),
      },
    },
    () => view.overview(),
  )
}

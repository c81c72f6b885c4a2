/** `celeriac topology`: what an application declares on its broker; compares it, makes it, or checks it. */
import * as Topology from "@celeriac/messaging/Topology"
import * as TopologyPlan from "@celeriac/messaging/TopologyPlan"
import * as TaskTopology from "@celeriac/tasks/TaskTopology"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Verb from "../app/Verb.ts"
import type { Globals } from "../flags/Globals.ts"
import { because } from "../output/CliFailure.ts"

import * as Print from "../output/Print.ts"
export type Way = "plan" | "apply" | "verify"

const ways = { plan: Topology.plan, apply: Topology.apply, verify: Topology.verify } as const

export interface Flags {
  readonly queues: Option.Option<string>
  readonly workers: Option.Option<string>
  readonly json: boolean
}

export const run = (way: Way, globals: Globals, { json, queues, workers }: Flags) =>
  Verb.run(globals, (verb) =>
    Effect.gen(function*() {
      const topology = yield* TaskTopology.make({
        queues: namesOf(queues),
        workers: namesOf(workers),
        delayedDeliveryQueueType: verb.app?.worker.settings.delayedDeliveryQueueType
      })
      const plan = yield* Effect.mapError(
        ways[way](topology),
        (error) => error._tag === "TopologyError" ? because(error.message) : error
      )
      yield* json ? Console.log(JSON.stringify(plan)) : Print.line(TopologyPlan.render(plan))
    }).pipe(Effect.provide(Verb.broker(verb, true))))

const namesOf = (text: Option.Option<string>) => Option.getOrUndefined(Option.map(text, Verb.names))

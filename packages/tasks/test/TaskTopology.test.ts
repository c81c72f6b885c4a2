import * as Entity from "@celeriac/messaging/Entity"
import * as Topology from "@celeriac/messaging/Topology"
import * as Queues from "@celeriac/tasks/Queues"
import * as Settings from "@celeriac/tasks/Settings"
import * as TaskTopology from "@celeriac/tasks/TaskTopology"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"

const lines = (options?: TaskTopology.Options) =>
  Effect.map(TaskTopology.make(options), (topology) => Topology.render(topology).split("\n"))

describe("the topology of an application", () => {
  it.effect("is the default queue and the exchange of events where nothing is configured", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* lines(), [
        "exchange celery (direct, durable)",
        "queue celery (durable)",
        "binding celery <- celery 'celery'",
        "exchange celeryev (topic, durable)"
      ])
    }))

  it.effect("has what is configured and what is named, and of a broadcast the exchange alone", () =>
    Effect.gen(function*() {
      const all = yield* lines({ queues: ["slow", "unknown"], workers: ["w1@host"] })
      assert.includeMembers(all, [
        "queue slow (durable, x-max-priority=9)",
        "queue w1@host.dq2 (durable, x-max-priority=9)",
        "binding w1@host.dq2 <- C.dq2 'w1@host'",
        "exchange news (fanout, durable)"
      ])
      assert.isEmpty(all.filter((line) => line.includes("bcast.")))
    }).pipe(
      Effect.provideService(Queues.Configured, [Entity.direct("slow"), Entity.broadcast("news")]),
      Effect.provideService(Settings.QueueMaxPriority, 9)
    ))

  it.effect("has the queues of the delay, and the ways out of them, where there is a quorum queue", () =>
    Effect.gen(function*() {
      const all = yield* lines({ delayedDeliveryQueueType: "classic" })
      assert.lengthOf(all.filter((line) => line.startsWith("queue celery_delayed_")), 28)
      assert.includeMembers(all, [
        "binding images <- media 'image'",
        "binding images <- media '#.image'",
        "binding media <- celery_delayed_delivery '#.image'"
      ])
    }).pipe(
      Effect.provideService(Queues.Configured, [
        Entity.queue("images", {
          exchange: Entity.exchange("media", { type: "topic" }),
          routingKey: "image",
          type: "quorum"
        })
      ])
    ))
})

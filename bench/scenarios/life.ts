/**
 * The life of a task with the whole worker and the real client: its result in
 * Redis, a handler that waits, and what limits, hooks and middleware cost.
 */
import * as RedisBackend from "@celeriac/redis/RedisBackend"
import * as Middleware from "@celeriac/tasks/Middleware"
import type { TaskOptions } from "@celeriac/tasks/TaskOptions"
import * as Worker from "@celeriac/worker/Worker"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { queue } from "./message.ts"
import type { Meter } from "./Meter.ts"
import { call, disabled, drain, drained, main, noop, producer, serve } from "./Setup.ts"

const redis = RedisBackend.layer({ url: process.argv[5] ?? "" }).pipe(Layer.provideMerge(producer))

/** So many run at once, for 10 ms each. */
const sleeping = (meter: Meter) =>
  Worker.make({
    queues: [queue],
    concurrency: 1000,
    tasks: [
      noop().toLayer(() =>
        Effect.suspend(() => {
          meter.begin()
          return Effect.as(Effect.sleep(10), null)
        }).pipe(Effect.tap(() => Effect.sync(() => meter.end())))
      )
    ]
  })

/** What a task may have around it, one by one or all of it. */
const adorned =
  (given: { readonly limits?: boolean; readonly hooks?: boolean; readonly middleware?: boolean }) => (meter: Meter) => {
    const options: TaskOptions = given.limits === true ? { timeLimit: "1 minute", softTimeLimit: "30 seconds" } : {}
    const handler = () =>
      Effect.sync(() => {
        meter.begin()
        meter.end()
        return null
      })
    const hooks = given.hooks === true
      ? {
        beforeStart: () => Effect.void,
        onSuccess: () => Effect.void,
        onFailure: () => Effect.void,
        onRetry: () => Effect.void,
        afterReturn: () => Effect.void
      }
      : {}
    const middleware = given.middleware === true
      ? [Middleware.make("first", (run) => run), Middleware.make("second", (run) => Effect.andThen(Effect.void, run))]
      : []
    return Worker.make({ queues: [queue], middleware, tasks: [noop(options).toLayer(handler, hooks)] })
  }

await main({
  "drain-redis": () => drain(redis),
  "drain-redis-late": () => drain(redis, { options: { acksLate: true } }),
  "serve-redis": () => serve(redis),
  "call-redis": () => call(redis),
  sleep: () => drained(sleeping, disabled),
  plain: () => drained(adorned({}), disabled),
  limits: () => drained(adorned({ limits: true }), disabled),
  hooks: () => drained(adorned({ hooks: true }), disabled),
  middleware: () => drained(adorned({ middleware: true }), disabled),
  adorned: () => drained(adorned({ limits: true, hooks: true, middleware: true }), disabled)
})

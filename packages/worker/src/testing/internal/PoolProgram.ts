/**
 * What the pools of `PoolConformance` run, wherever they run it: a worker whose
 * tasks do what tests want to see. A child loads this file.
 *
 * @since 0.1.0
 */
import * as Client from "@celeriac/tasks/Client"
import * as Middleware from "@celeriac/tasks/Middleware"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import * as Task from "@celeriac/tasks/Task"
import * as TaskContext from "@celeriac/tasks/TaskContext"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Worker from "../../Worker.ts"

const any = { success: Schema.Unknown }

/** Gives what it is given. */
const echo = Task.make("echo", { ...any, parameters: { value: Schema.Unknown } })

/** Gives how long a text is. */
const lengthOf = Task.make("lengthOf", { ...any, parameters: { text: Schema.String } })

/** Gives which child it is run in. */
const where = Task.make("where", any)
const here = crypto.randomUUID()

class Refused extends Schema.TaggedError<Refused>()("Refused", { why: Schema.String }) {}
const refuse = Task.make("refuse", { error: Refused })

const die = Task.make("die")
const wait = Task.make("wait")
const spin = Task.make("spin")

/** Gives how much it had done when its soft limit came. */
const catching = Task.make("catching", any)

/** Does not end when it is interrupted, nor leaves anybody a turn. */
const stubborn = Task.make("stubborn")

/** Goes down with what it runs in. */
const crash = Task.make("crash", { parameters: { code: Schema.Int } })

/** Gives the request as its handler sees it. */
const request = Task.make("request", any)

/** Tells of itself all that a task may. */
const tell = Task.make("tell", any)

/** Sends another one, and gives its id. */
const send = Task.make("send", any)

/** Tells the states of another task as they come, and gives them after its last. */
const watch = Task.make("watch", { ...any, parameters: { id: Schema.String } })

/** Gives what no other thread and no other process can have. */
const uncrossable = Task.make("uncrossable", { ...any, parameters: { what: Schema.String } })

const large = Task.make("large", { ...any, parameters: { bytes: Schema.Int } })

const hooked = Task.make("hooked", any)

class Greeting extends Context.Service<Greeting, string>()("@celeriac/worker/testing/Greeting") {}
const greet = Task.make("greet", any)

const circle: Array<unknown> = []
circle.push(circle)

/** What the handlers of `uncrossable` come to. */
const uncrossables: Readonly<Record<string, unknown>> = {
  function: () => 1,
  symbol: [Symbol("s")],
  circle,
  // As an open socket: an object of a class, with functions.
  socket: { handle: new Map([[1, () => 1]]), write: () => true }
}

const handlers = [
  echo.toLayer(({ value }) => Effect.succeed(value)),
  lengthOf.toLayer(({ text }) => Effect.succeed(text.length)),
  where.toLayer(() => Effect.succeed(here)),
  refuse.toLayer(() => Effect.fail(new Refused({ why: "no" }))),
  die.toLayer(() => Effect.die(new RangeError("out of range"))),
  wait.toLayer(() => Effect.never),
  spin.toLayer(() =>
    Effect.sync(() => {
      for (;;);
    })
  ),
  catching.toLayer(() =>
    Effect.catchTag(
      Task.failOnSoftTimeLimit(Effect.never),
      "SoftTimeLimitExceeded",
      ({ seconds }) => Effect.succeed(seconds)
    )
  ),
  stubborn.toLayer(() => Effect.uninterruptible(Effect.never)),
  crash.toLayer(({ code }) => Effect.sync(() => process.exit(code))),
  request.toLayer((_, { args, headers, hostname, id, retries, task }) =>
    Effect.succeed({ args, headers, hostname, id, retries, task })
  ),
  tell.toLayer((_, { id }) =>
    Effect.gen(function*() {
      yield* TaskContext.progress({ done: 1 })
      yield* TaskContext.sendEvent("task-told", { n: 1 })
      yield* Effect.logInfo("told", { n: 2 }).pipe(Effect.annotateLogs({ task: id }))
      return yield* TaskContext.isAborted
    })
  ),
  send.toLayer(() =>
    Effect.flatMap(
      Client.Client,
      (client) => Effect.orDie(Effect.map(client.delay(echo, { value: 1 }), ({ id }) => id))
    )
  ),
  watch.toLayer(({ id }) =>
    Effect.flatMap(
      ResultReader,
      ({ updates }) =>
        updates(id).pipe(
          Stream.tap(({ status }) => TaskContext.progress({ saw: status })),
          Stream.map(({ result, status }) => [status, result]),
          Stream.runCollect
        )
    ).pipe(Effect.orDie)
  ),
  uncrossable.toLayer(({ what }) => Effect.succeed(uncrossables[what])),
  large.toLayer(({ bytes }) => Effect.succeed(new Uint8Array(bytes))),
  hooked.toLayer(() => Effect.succeed(1), { onSuccess: () => Effect.logInfo("hooked: it is stored") }),
  greet.toLayer(() => Greeting)
] as const

/** Around every run: a service of its own. */
const greeting = Middleware.provide("greeting", Greeting, ({ id }) => Effect.succeed(`hello ${id}`))

export default Worker.make({ tasks: handlers, middleware: [greeting] })

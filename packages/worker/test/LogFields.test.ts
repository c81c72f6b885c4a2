/** Who gets the fields of lines, in a whole worker: loggers of others, of what handlers say too. */
import * as Client from "@celeriac/tasks/Client"
import * as Task from "@celeriac/tasks/Task"
import * as LogFields from "@celeriac/worker/state/LogFields"
import * as TestWorker from "@celeriac/worker/testing/TestWorker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as References from "effect/References"

const say = Task.make("say")

const SayLive = say.toLayer(() =>
  Effect.andThen(
    Effect.log("hello"),
    Effect.flatMap(Effect.forkChild(Effect.annotateLogs(Effect.log("of a child"), { task_id: "mine" })), Fiber.join)
  )
)

/** The lines of one run of it, and its id. */
const ofRun = <A>(make: (keep: (line: A) => void) => Logger.Logger<unknown, unknown>) =>
  Effect.gen(function*() {
    const lines: Array<A> = []
    const id = yield* Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.delay(say)
      yield* sent.get()
      return sent.id
    }).pipe(
      Effect.provide(TestWorker.layer({ tasks: [SayLive] })),
      Effect.provide(Logger.layer([make((line) => void lines.push(line))])),
      Effect.provideService(References.MinimumLogLevel, "Info")
    )
    return { id, lines }
  })

describe("a logger of one's own", () => {
  it.effect("finds the fields among the annotations, in the lines of handlers too", () =>
    Effect.gen(function*() {
      const { id, lines } = yield* ofRun<ReturnType<typeof Logger.formatStructured.log>>((keep) =>
        Logger.map(Logger.formatStructured, keep)
      )
      const of = (text: string) => lines.find(({ message }) => String(message).includes(text))?.annotations
      const own = { task_name: "say", task_id: id, hostname: "celery@test", retries: 0, root_id: id }
      assert.deepStrictEqual(of("hello"), own)
      assert.deepStrictEqual(of("of a child"), { ...own, task_id: "mine" })
      const ofWorker = { ...own, queue: "celery" }
      assert.deepStrictEqual(of("received"), { ...ofWorker, state: "RECEIVED", args: "()", kwargs: "{}" })
      assert.deepStrictEqual(of("succeeded"), { ...ofWorker, state: "SUCCESS", runtime: 0, return_value: "None" })
      assert.deepStrictEqual(of("ready"), {})
    }))

  it.effect("that says it writes text finds what there was before, and nothing else", () =>
    Effect.gen(function*() {
      const { lines } = yield* ofRun<unknown>((keep) =>
        LogFields.asOwn(Logger.map(Logger.formatStructured, ({ annotations }) => keep(annotations)), "text")
      )
      assert.deepStrictEqual(lines.filter((line) => JSON.stringify(line) !== "{}"), [{ task_id: "mine" }])
    }))
})

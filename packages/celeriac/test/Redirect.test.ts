import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Broker from "../src/Broker.ts"
import * as Redirect from "../src/cli/worker/Redirect.ts"
import * as Client from "../src/Client.ts"
import * as LogFormat from "../src/LogFormat.ts"
import { celeriac } from "../src/promise.ts"
import * as Task from "../src/Task.ts"
import * as Worker from "../src/Worker.ts"

/** Of the process, as they were: what is beneath. */
const beneath = (): { readonly lines: ReadonlyArray<string>; readonly giveBack: () => void } => {
  const lines: Array<string> = []
  const { error, log } = console
  console.error = (text: string) => void lines.push(text)
  console.log = (text: string) => void lines.push(`stdout ${text}`)
  return { lines, giveBack: () => void Object.assign(console, { error, log }) }
}

describe("what is said by the console", () => {
  it("becomes lines of the log, with the task that says it, until the worker has ended", async () => {
    const { giveBack, lines } = beneath()
    try {
      const speak = Task.make("speak")
      const worker = Worker.make({ tasks: [speak.toLayer(() => Effect.sync(() => console.log("a %s", 1, { b: 2 })))] })
      const app = celeriac({ broker: "memory://", log: "critical" })
      const later = app.task("later", {}, async () => {
        await Promise.resolve()
        console.error("after all")
      })
      await Effect.runPromise(
        Effect.gen(function*() {
          yield* (yield* Client.Client).execute(speak)
          yield* Effect.promise(async () => {
            await app.worker().start()
            await later.execute()
            await app.close()
          })
        }).pipe(
          Effect.provide(worker.layer),
          Effect.provide(Broker.layer("memory://")),
          Effect.provide(Redirect.layer("warning")),
          Effect.provide(LogFormat.layer({ level: "warning", taskFormat: "%(levelname)s %(task_name)s: %(message)s" }))
        )
      )
      console.log("and then")
      assert.deepStrictEqual(lines, ["WARNING speak: a 1 { b: 2 }", "WARNING later: after all", "stdout and then"])
    } finally {
      giveBack()
    }
  })

  it("stays where it is outside of tasks", async () => {
    const { giveBack, lines } = beneath()
    try {
      await Effect.runPromise(
        Effect.sync(() => console.log("of a step")).pipe(
          Effect.provide(Layer.provide(Redirect.layer("info"), LogFormat.layer({ level: "info" })))
        )
      )
      assert.deepStrictEqual(lines, ["stdout of a step"])
    } finally {
      giveBack()
    }
  })
})

/** What the documents say of time limits: they are read, and not enforced. */
import * as Task from "@celeriac/tasks/Task"
import { Worker } from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { define, lookup, publish, quiet, running, taskMessage } from "./support.ts"

const slow = Task.make("slow", { success: Schema.Unknown })

describe("the time limits of a message", () => {
  it.effect("are there for the handler to read, and are not enforced", () => {
    const worker = define({
      tasks: [
        slow.toLayer((_, request) => Effect.delay(Effect.succeed([request.timeLimit, request.softTimeLimit]), "1 hour"))
      ]
    })
    return Effect.gen(function*() {
      const message = taskMessage({ task: "slow", id: "a" })
      yield* publish({ ...message, headers: { ...message.headers, timelimit: [2, 1] } })
      yield* TestClock.adjust("59 minutes")
      assert.deepStrictEqual([(yield* Worker).state.active.size, yield* lookup("a")], [1, undefined])
      yield* TestClock.adjust("1 minute")
      const record = yield* lookup("a")
      assert.deepStrictEqual([record?.status, record?.result], ["SUCCESS", [2, 1]])
    }).pipe(Effect.provide(running(worker)), Effect.provide(quiet))
  })
})

import * as Client from "@celeriac/tasks/Client"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import * as TaskSettings from "@celeriac/tasks/TaskSettings"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { life, live, members, names, shown } from "./names.ts"
import { define, lookup, quiet, running } from "./support.ts"

describe("names that every object has", () => {
  for (const name of names) {
    it.effect(`are a task's, a queue's, and those of all that it is sent with (${name})`, () => {
      const queue = `queue.${name}`
      return Effect.gen(function*() {
        yield* life(yield* Client.Client, name, queue, name)
        const record = (yield* lookup(name))!
        assert.strictEqual(shown(record.stamps?.values), shown(members("stamp")))
        const written = ResultRecord.encode(record)
        assert.strictEqual(Object.getPrototypeOf(written), Object.prototype)
        assert.includeMembers(Object.keys(written), ["__proto__", "constructor"])
      }).pipe(
        Effect.provide(running(define({ tasks: [live(name)], queues: [queue] }))),
        Effect.provide(Layer.merge(TaskSettings.layer({ resultExtended: true }), quiet))
      )
    })
  }
})

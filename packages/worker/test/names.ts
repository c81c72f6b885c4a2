/** Names that every object of JavaScript has, and the life of a task whose everything is called so. */
import * as Client from "@celeriac/tasks/Client"
import * as Python from "@celeriac/tasks/Python"
import * as Task from "@celeriac/tasks/Task"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

export const names = ["__proto__", "constructor", "hasOwnProperty", "toString", "valueOf", "__defineGetter__"] as const

/** Own members of these names. */
export const members = (value: unknown): Readonly<Record<string, unknown>> =>
  Object.fromEntries(names.map((name) => [name, value]))

/** As text, in the order of the names: members that are called `toString` are no functions. */
export const shown = (value: unknown): string =>
  JSON.stringify(Object.entries(value as object).toSorted(([one], [other]) => one < other ? -1 : 1))

/** It is run twice, and gives back what it was called with. */
export const live = (name: string) =>
  Task.make(name, {
    parameters: { all: Python.Args(Schema.Unknown), more: Python.Kwargs(Schema.Unknown) },
    success: Schema.Unknown
  }).toLayer(({ all, more }, { headers, retries, stamps }) =>
    retries === 0
      ? Task.retry({ countdown: 0, headers: members("again") })
      : Effect.succeed({ all, more, headers, stamps })
  )

/** Nothing of what it is sent with is lost, and nothing else is changed by it. */
export const life = (client: Client.Client["Service"], name: string, queue: string, taskId: string) =>
  Effect.gen(function*() {
    const nested = members([members(1)])
    const sent = yield* client.sendTask(name, {
      args: [nested],
      kwargs: members({ deep: nested }),
      headers: members("first"),
      stamps: members("stamp"),
      taskId,
      queue
    })
    // No schema says what comes.
    const came = (yield* sent.get({ timeout: "10 seconds" })) as Readonly<
      Record<"all" | "more" | "headers" | "stamps", {}>
    >
    assert.strictEqual(shown((came.all as ReadonlyArray<unknown>)[0]), shown(nested))
    assert.strictEqual(shown(came.more), shown(members({ deep: nested })))
    assert.strictEqual(shown(came.stamps), shown(members("stamp")))
    const own = Object.entries(came.headers).filter(([key]) => names.includes(key as typeof names[number]))
    assert.strictEqual(shown(Object.fromEntries(own)), shown(members("again")))
    assert.isUndefined(({} as Readonly<Record<string, unknown>>)["deep"])
  })

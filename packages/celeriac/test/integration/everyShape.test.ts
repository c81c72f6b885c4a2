/**
 * Every shape of a canvas, three deep, in every place, and some that are deeper: started by Python and from
 * here, on Python's worker, on ours, and on both by turns, it comes to what it
 * comes to with Python alone.
 *
 * One in many of them by default, and on both by turns alone; all that is said
 * with `CELERIAC_EVERY_SHAPE`: 1 is every one, a number `n` every n-th, and a text
 * those that have it in their names.
 *
 * What Celery itself does not do, and this does not ask of both:
 *
 * | | Celery 5.7.0 | here | why |
 * |---|---|---|---|
 * | a task that will not run because an earlier one failed | PENDING for ever where it stands in a group or a chord behind the failure, or in a chord around a chord that failed | FAILURE | it marks what stands in the chain of the message and the body of its own chord, and nothing inside of those |
 * | the errback of such a task | does not run | runs once | the same |
 * | a group in a group or in a header | turned round | in its order where it is built here, turned round where Python built it | it unrolls from the end when it freezes; the types here know each result by its place |
 * | a callback of a group | its first member's | refused | it would be sent before the group is done: none is linked to a group here |
 * | what comes after a chord in a group that ends a part of another chord | waits for ever | runs, where a worker of ours sends that group | it counts it for the group that is sent: none of those is here |
 * | the children of a body that will not run | all that the last part of its chord had sent so far | those it is the parent of | which part is the last one is chance |
 * | any chord with results in messages | refused (`NotImplementedError`) | refused | nobody counts: those shapes are left out |
 * | `map` and `starmap` as a step | take nothing of what came before | the same | they are immutable |
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import { createClient } from "redis"
import * as AsyncResult from "../../src/AsyncResult.ts"
import * as Canvas from "../../src/Canvas.ts"
import * as Client from "../../src/Client.ts"
import type * as Signature from "../../src/Signature.ts"
import * as Task from "../../src/Task.ts"
import * as Worker from "../../src/Worker.ts"
import { type Case, every, hasChord, hasGroupInGroup, known, links, type Shape } from "../fixtures/everyShape.ts"
import * as Lineage from "../fixtures/Lineage.ts"
import * as CanvasKit from "./CanvasKit.ts"

const given = process.env["CELERIAC_EVERY_SHAPE"]
const chosen = given ?? "37"
const isChosen = ({ name }: Case, at: number) =>
  Number.isNaN(Number(chosen)) ? name.includes(chosen) : at % Number(chosen) === 0

interface Line {
  readonly name: string
  readonly runs: Readonly<Record<string, number>>
  readonly found: Readonly<Record<string, readonly [state: string, value: unknown, parent: string]>>
  readonly whole: unknown
}

const success = Schema.Unknown
const parameters = { value: Schema.optionalKey(Schema.Unknown), label: Schema.String }

const digest = (label: string, value: unknown) =>
  `${label.slice(label.lastIndexOf("/") + 1)}:${
    createHash("sha1").update(JSON.stringify(value ?? null)).digest("hex").slice(0, 8)
  }`

const step = Task.make("shape.step", { parameters, success })
const fail = Task.make("shape.fail", { parameters, success })
const errback = Task.make("shape.errback", {
  parameters: { id: Schema.optionalKey(Schema.Unknown), label: Schema.String },
  success
})
const item = Task.make("shape.item", { parameters: { value: Schema.String }, success: Schema.String })
const pair = Task.make("shape.pair", { parameters: { x: Schema.String, y: Schema.Int }, success: Schema.String })

const bad = Effect.die(new RangeError("bad"))
const letter = (value: string) => value.slice(value.lastIndexOf(".") + 1)
const isBad = (value: string) => letter(value) === "bad"

const handlers = (run: (label: string) => Effect.Effect<unknown>) => [
  step.toLayer(({ label, value }) => Effect.as(run(label), digest(label, value))),
  fail.toLayer(({ label }) => Effect.andThen(run(label), bad)),
  errback.toLayer(({ label }) => Effect.as(run(label), "told")),
  item.toLayer(({ value }) => isBad(value) ? bad : Effect.succeed(`item ${letter(value)}`)),
  pair.toLayer(({ x, y }) => isBad(x) ? bad : Effect.succeed(`pair ${letter(x)} ${y}`))
]

/** Its signature as it is built here. */
const build = (shape: Shape, name: string, queues: readonly [string, string]): Signature.Any => {
  const one = (inner: Shape) => build(inner, name, queues)
  switch (shape.kind) {
    case "chain":
      return Canvas.chain(...shape.of.map(one))
    case "group":
      return Canvas.group(shape.of.map(one))
    case "chord":
      return Canvas.chord(shape.header.map(one), one(shape.body))
    case "linked": {
      const linked = one(shape.of).onError(one(shape.errback))
      return shape.callback === undefined ? linked : linked.link(one(shape.callback))
    }
  }
  const label = `${name}/${shape.n}`
  const queue = queues[shape.n % 2]!
  const own = { queue, taskId: label }
  const [a, b, c] = [`${label}.${"bad" in shape && shape.bad ? "bad" : "a"}`, `${label}.b`, `${label}.c`]
  switch (shape.kind) {
    case "map":
      return Canvas.map(item, [a, b]).set(own)
    case "starmap":
      return Canvas.starmap(pair, [[a, 1], [b, 2]]).set(own)
    case "chunks":
      return Canvas.chunks(pair, [[a, 1], [b, 2], [c, 3]], 2).set({ queue })
    case "callback":
      return step.s({ label }).set({ queue })
    case "errback":
      return errback.s({ label }).set({ queue })
    case "fail":
      return fail.s({ label }).set(own)
    case "step":
      return step.s({ label }).set(own)
  }
}

const cases = (isRpc: boolean) => every.filter((one, at) => isChosen(one, at) && !(isRpc && hasChord(one.shape)))

/** What Celery leaves to be waited for for ever is told here, and its errbacks too: nothing else may differ. */
const differing = (one: Case, expected: Line, line: Line, isBuiltHere: boolean): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  const isTurned = isBuiltHere && hasGroupInGroup(one.shape)
  const isAlike = (a: unknown, b: unknown) => isTurned || JSON.stringify(a) === JSON.stringify(b)
  const hangs = Object.values(expected.found).some(([state]) => state === "PENDING")
  for (const [n, [state, value]] of Object.entries(expected.found)) {
    const [there, what] = line.found[n] ?? ["nothing", undefined]
    const isSame = there === state && (state === "FAILURE" || isAlike(what, value))
    if (!isSame && !(state === "PENDING" && there === "FAILURE")) {
      wrong.push(`${n}: ${state} ${JSON.stringify(value)} is ${there} ${JSON.stringify(what)}`)
    }
  }
  for (const n of new Set([...Object.keys(expected.runs), ...Object.keys(line.runs)])) {
    const [theirs = 0, runs = 0] = [expected.runs[n], line.runs[n]]
    if (theirs !== runs && !(hangs && theirs === 0)) wrong.push(`${n} ran ${runs} times, not ${theirs}`)
  }
  if (!isAlike(line.whole, expected.whole)) {
    wrong.push(`all of it: ${JSON.stringify(expected.whole)} is ${JSON.stringify(line.whole)}`)
  }
  return wrong
}

describe("every shape of a canvas, three deep", () => {
  for (const isRpc of [false, true]) {
    const kit = CanvasKit.make({ name: isRpc ? "shapes.rpc" : "shapes", module: "every_shape.py", database: 10, isRpc })
    const all = cases(isRpc)
    it.live(
      `comes to the same on both workers, started from either language, with results in ${
        isRpc ? "messages" : "Redis"
      } (${all.length})`,
      () =>
        Effect.gen(function*() {
          yield* kit.celery
          const redis = yield* Effect.acquireRelease(
            Effect.promise(() => createClient({ url: kit.journal }).connect()),
            (redis) => Effect.promise(() => redis.close())
          )
          const key = `shapes.${process.pid}.${isRpc}`
          yield* Effect.promise(() =>
            redis.set(key, JSON.stringify(all.map((one) => ({ ...one, known: known(one.shape) }))))
          )
          const run = (label: string) =>
            Effect.promise(() => redis.hIncrBy(`runs:${label.slice(0, label.lastIndexOf("/"))}`, label, 1))
          const { layer } = Worker.make({
            ...kit.node,
            tasks: handlers(run),
            settings: { defaultQueue: kit.ours, resultExtended: true }
          })
          const lineages = (prefix: string) =>
            Effect.promise(() =>
              Promise.all(
                all.map((one) =>
                  Lineage.read(redis, `${key}.${prefix}.${one.name}`, known(one.shape), links(one.shape))
                )
              )
            )
          const fromPython = (prefix: string, ...queues: readonly [string, string]) =>
            kit.program([key, `${key}.${prefix}`, ...queues], undefined, 600_000) as Effect.Effect<ReadonlyArray<Line>>
          const fromHere = (prefix: string, ...queues: readonly [string, string]) =>
            Effect.gen(function*() {
              const client = yield* Client.Client
              const lines: Array<Line> = []
              for (let at = 0; at < all.length; at += 36) {
                const sent = yield* Effect.forEach(all.slice(at, at + 36), (one) => {
                  const name = `${key}.${prefix}.${one.name}`
                  return Effect.map(
                    client.delay(build(one.shape, name, queues)),
                    (result) => ({ name, one, result })
                  )
                })
                yield* settle(sent.map(({ name }) => name))
                for (const { name, one, result } of sent) lines.push(yield* read(name, one, result))
              }
              return lines
            })
          const runsOf = (name: string) => Effect.promise(() => redis.hGetAll(`runs:${name}`))
          /** Until nothing more is counted for a while. */
          const settle = (names: ReadonlyArray<string>) =>
            Effect.gen(function*() {
              const client = yield* Client.Client
              let before = ""
              for (let same = 0; same < 3;) {
                for (const queue of [kit.python, kit.ours]) {
                  const label = `${key}.settle/${yield* Effect.clockWith(({ currentTimeMillis }) => currentTimeMillis)}`
                  yield* client.execute(step, { label }, { queue, timeout: "60 seconds" })
                }
                yield* Effect.sleep("150 millis")
                const now = JSON.stringify(yield* Effect.forEach(names, runsOf))
                same = now === before ? same + 1 : 0
                before = now
              }
            })
          const read = (name: string, one: Case, result: AsyncResult.Child) =>
            Effect.gen(function*() {
              const found = yield* Effect.forEach(known(one.shape), (n) =>
                Effect.gen(function*() {
                  const record = yield* (yield* AsyncResult.make(`${name}/${n}`)).record
                  const value = record?.result ?? null
                  return [String(n), [record?.status ?? "PENDING", value, record?.parentId ?? ""]] as const
                }))
              const runs = Object.entries(yield* runsOf(name)).map(([label, times]) =>
                [label.slice(label.lastIndexOf("/") + 1), Number(times)] as const
              )
              const isRead = !isRpc && !one.name.startsWith("failing")
              const whole = isRead ? yield* Effect.option(result.get({ timeout: "1 minute" })) : Option.some(null)
              return {
                name: one.name,
                found: Object.fromEntries(found),
                runs: Object.fromEntries(runs),
                whole: Option.getOrElse(whole, () => "nothing")
              }
            })

          yield* Effect.gen(function*() {
            const { ours, python } = kit
            const expected = yield* fromPython("alone", python, python)
            assert.lengthOf(expected, all.length)
            const stood = yield* lineages("alone")
            const rounds = {
              "of Python by turns": ["turns", python, ours],
              "of Python by the other turns": ["other", ours, python],
              "of Python on ours": ["ours", ours, ours],
              "from here on Python's": ["here.python", python, python],
              "from here by turns": ["here.turns", python, ours],
              "from here by the other turns": ["here.other", ours, python],
              "from here on ours": ["here.ours", ours, ours]
            } as const
            const wrong: Array<string> = []
            for (const [round, [prefix, ...queues]] of Object.entries(rounds)) {
              if (given === undefined && !round.endsWith(" by turns")) continue
              const isHere = prefix.startsWith("here")
              const told = yield* (isHere ? fromHere : fromPython)(prefix, ...queues)
              const stand = yield* lineages(prefix)
              all.forEach((one, at) => {
                const texts = [
                  ...differing(one, expected[at]!, told[at]!, isHere),
                  ...Lineage.differing(stood[at]!, stand[at]!, isHere && hasGroupInGroup(one.shape))
                ]
                for (const text of texts) wrong.push(`${round}: ${one.name}: ${text}`)
              })
            }
            assert.deepStrictEqual(wrong, [])
          }).pipe(Effect.provide(
            layer.pipe(
              Layer.provideMerge(kit.broker),
              Layer.provide(Lineage.layer(redis)),
              Layer.provide(Logger.layer([]))
            )
          ))
        }).pipe(Effect.scoped),
      60_000 + 8_000 * all.length
    )
  }
})

/** Results of chains, groups and chords, over each result backend that has them. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { inject } from "vitest"
import * as AsyncResult from "../../src/AsyncResult.ts"
import * as Broker from "../../src/Broker.ts"
import * as Canvas from "../../src/Canvas.ts"
import * as Client from "../../src/Client.ts"
import * as GroupResult from "../../src/GroupResult.ts"
import * as RemoteControl from "../../src/RemoteControl.ts"
import * as Task from "../../src/Task.ts"
import * as Worker from "../../src/Worker.ts"

class TooMuch extends Schema.TaggedError<TooMuch>()("TooMuch", { most: Schema.Int }) {}

const add = Task.make("proj.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int, error: TooMuch })
const total = Task.make("proj.total", { parameters: { all: Schema.Array(Schema.Int) }, success: Schema.Int })

const handlers = [
  add.toLayer(({ x, y }) => x + y > 100 ? Effect.fail(new TooMuch({ most: 100 })) : Effect.succeed(x + y)),
  total.toLayer(({ all }) => Effect.succeed(all.reduce((sum, each) => sum + each, 0)))
]

/** With a worker, and another client, which shares with the first one what is kept alone. */
const broker = (results: string) =>
  RemoteControl.layer.pipe(
    Layer.provideMerge(Broker.layer("memory://", { results, settings: { resultExtended: true } }))
  )
const running = (results: string) =>
  Worker.make({ tasks: handlers, settings: { resultExtended: true } }).layer.pipe(Layer.provideMerge(broker(results)))

const cause = new TooMuch({ most: 100 })
const soon = { timeout: "1 minute" } as const

for (const results of ["redis", "memory://", "rpc://"]) {
  const isKept = results !== "rpc://"
  const url = () => results === "redis" ? inject("redisUrl") : results

  describe(`results over ${results}`, () => {
    it.live("of a group come one by one, and in the shape of what was sent", () =>
      Effect.gen(function*() {
        const client = yield* Client.Client
        const sent = yield* client.delay(Canvas.group(
          add.s({ x: 1, y: 2 }),
          Canvas.chain(add.s({ x: 1, y: 1 }), add.s({ y: 5 })),
          add.s({ x: 100, y: 2 })
        ))
        const completed = yield* Stream.runCollect(sent.completed)
        assert.sameDeepMembers(
          completed.map(({ final, index }) => [index, final._tag === "Success" ? final.success : final.failure]),
          [[0, 3], [1, 7], [2, cause]]
        )
        assert.deepStrictEqual(yield* Effect.flip(sent.get(soon)), cause)
        assert.deepStrictEqual(
          [yield* sent.completedCount, yield* sent.ready, yield* sent.failed, yield* sent.waiting],
          [2, true, true, false]
        )
        const states = yield* Stream.runCollect(sent.progress)
        assert.sameMembers(states.map(({ state }) => state), ["SUCCESS", "SUCCESS", "FAILURE"])
      }).pipe(Effect.provide(running(url()))))

    it.live("end with what failed before: the end of a chain, and each member of a group behind it", () =>
      Effect.gen(function*() {
        const client = yield* Client.Client
        const fails = add.s({ x: 100, y: 2 })
        const end = yield* client.delay(Canvas.chain(fails, add.s({ y: 5 }), add.s({ y: 6 })))
        const group = yield* client.delay(Canvas.chain(fails, Canvas.group(add.s({ y: 5 }), add.s({ y: 6 }))))
        assert.deepStrictEqual(yield* Effect.flip(end.get(soon)), cause)
        const final = yield* end.final(soon)
        assert.deepStrictEqual(final._tag === "Failure" ? final.failure : undefined, cause)
        assert.deepStrictEqual(yield* Effect.flip(group.get(soon)), cause)
        const finals = yield* group.get({ ...soon, propagate: false })
        assert.deepStrictEqual(finals.map((each) => each._tag === "Failure" ? each.failure : undefined), [cause, cause])
      }).pipe(Effect.provide(running(url()))))

    if (isKept) {
      it.live("of a chord tell what failed in its header, and are drawn", () =>
        Effect.gen(function*() {
          const client = yield* Client.Client
          const chord = (x: number) =>
            client.delay(Canvas.chord(Canvas.group(add.s({ x, y: 2 }), add.s({ x: 3, y: 4 })), total.s()))
          const [good, bad] = [yield* chord(1), yield* chord(100)]
          assert.strictEqual(yield* good.get(soon), 10)
          const error = yield* Effect.flip(bad.get({ ...soon, followParents: false }))
          assert.include(error.message, "Dependency")
          const drawn = yield* Canvas.draw(bad)
          assert.match(
            drawn,
            /^chord\n├─ group of 2\n│ {2}├─ ✘ 0 proj\.add\(.* · FAILURE .*TooMuch.*\n│ {2}└─ ✔ 1 proj\.add\(.* · SUCCESS .*\n└─ ✘ then .* · FAILURE .*ChordError/
          )
        }).pipe(Effect.provide(running(url()))))

      it.live("are waited for by whoever has what was written down, or the id of a group that was saved", () =>
        Effect.gen(function*() {
          const client = yield* Client.Client
          const sent = yield* client.delay(Canvas.group([add.s({ x: 1, y: 2 }), add.s({ x: 3, y: 4 })]))
          const end = yield* client.delay(Canvas.chain(add.s({ x: 1, y: 2 }), add.s({ y: 3 })))
          yield* sent.save
          const written = AsyncResult.encode(end)
          const elsewhere = Effect.gen(function*() {
            const restored = yield* GroupResult.restore(sent.id, add)
            const read = yield* AsyncResult.decode(written)
            return [yield* restored?.get(soon) ?? Effect.void, yield* read.get(soon), read.parent?.id]
          })
          const said = yield* results === "redis"
            ? Effect.provide(elsewhere, broker(url()), { local: true })
            : elsewhere
          assert.deepStrictEqual(said, [[3, 7], 6, end.parent?.id])
          yield* sent.delete
          assert.isUndefined(yield* GroupResult.restore(sent.id))
        }).pipe(Effect.provide(running(url()))))

      it.live("of what is revoked are that it was: all that is left of a chain", () =>
        Effect.gen(function*() {
          const client = yield* Client.Client
          const later = add.s({ x: 1, y: 2 }).set({ countdown: "30 seconds" })
          const end = yield* client.delay(Canvas.chain(later, add.s({ y: 3 })))
          const waiting = yield* Effect.forkChild(Effect.flip(end.get(soon)), { startImmediately: true })
          assert.isTrue(yield* end.revoke({ terminate: true }))
          assert.include((yield* Fiber.join(waiting)).message, "TaskRevokedError('revoked')")
        }).pipe(Effect.provide(running(url()))))

      it.live("of a group and of a chord that are revoked: what had ended stays, and all that is left was revoked", () =>
        Effect.gen(function*() {
          const client = yield* Client.Client
          const later = add.s({ x: 1, y: 2 }).set({ countdown: "30 seconds" })
          const group = yield* client.delay(Canvas.group(add.s({ x: 3, y: 4 }), later))
          const chord = yield* client.delay(Canvas.chord([add.s({ x: 3, y: 4 }), later], total.s()))
          const header = chord.parent!
          assert.strictEqual(yield* group.results[0].get(soon), 7)
          for (const sent of [group, chord]) assert.isTrue(yield* sent.revoke({ terminate: true }))
          const ends = yield* group.get({ ...soon, propagate: false })
          assert.deepStrictEqual(ends.map(({ _tag }) => _tag), ["Success", "Failure"])
          assert.deepStrictEqual(yield* group.results[1].state, "REVOKED")
          assert.include((yield* Effect.flip(chord.get({ ...soon, followParents: false }))).message, "TaskRevokedError")
          assert.strictEqual(yield* chord.state, "REVOKED")
          assert.include(String(yield* Effect.flip(header.get(soon))), "TaskRevokedError")
        }).pipe(Effect.provide(running(url()))))
    }
  })
}

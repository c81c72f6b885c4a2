import * as Blueprint from "@celeriac/bootsteps/Blueprint"
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { BootstepError } from "@celeriac/bootsteps/BootstepError"
import * as Control from "@celeriac/bootsteps/Control"
import { Hub } from "@celeriac/worker/boot/Hub"
import { Timer } from "@celeriac/worker/boot/Timer"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { createServer, Socket } from "node:net"
import { PassThrough, Writable } from "node:stream"
import { Lines, settled, until } from "../support.ts"

const worker = Blueprint.make("Worker", [Timer, Hub])

const withHub = <A, E, R>(use: (hub: Hub["Service"]) => Effect.Effect<A, E, R>) =>
  Blueprint.run(worker, Effect.flatMap(Hub, use)).pipe(Effect.provide(Control.Control.layer))

/** Two ends of a connection over the loopback interface. */
const sockets = Effect.acquireRelease(
  Effect.callback<readonly [Socket, Socket]>((resume) => {
    const server = createServer((accepted) => {
      server.close()
      resume(Effect.succeed([client, accepted] as const))
    })
    const client = new Socket()
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      if (typeof address === "object" && address !== null) client.connect(address.port, "127.0.0.1")
    })
  }),
  (both) => Effect.sync(() => both.forEach((one) => one.destroy()))
)

/** Something that happens outside of Effect's clock and scheduler. */
const eventually = (what: string, holds: () => boolean): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    let turns = 0
    const look = () => {
      if (holds()) return resume(Effect.void)
      if (++turns > 100_000) return resume(Effect.die(new Error(`it never came to this: ${what}`)))
      setImmediate(look)
    }
    look()
  })

describe("Hub supervises", () => {
  it.effect("a fiber, which goes on until it ends by itself", () =>
    withHub((hub) =>
      Effect.gen(function*() {
        const done = yield* Deferred.make<string>()
        yield* hub.supervise("greeter", Effect.andThen(Effect.yieldNow, Deferred.succeed(done, "hello")))
        assert.strictEqual(yield* Deferred.await(done), "hello")
      })
    ))

  it.effect("a fiber whose failure stops the worker with that error, and says whose it is", () => {
    const lines = new Lines()
    return Effect.gen(function*() {
      const exit = yield* Effect.exit(withHub((hub) =>
        Effect.andThen(
          hub.supervise("poller", Effect.andThen(Effect.yieldNow, Effect.fail("out of luck"))),
          Effect.never
        )
      ))
      assert.isTrue(Exit.isFailure(exit))
      const error = Exit.isFailure(exit) ? exit.cause.reasons[0] : undefined
      const failure = error?._tag === "Fail" ? error.error : undefined
      assert.instanceOf(failure, BootstepError)
      assert.deepStrictEqual([failure?.step, failure?.phase, failure?.reason], ["Hub", "running", "out of luck"])
      assert.isTrue(lines.has("Error in poller:"))
    }).pipe(Effect.provide(lines.layer))
  })

  it.effect("a fiber whose failure is only logged, if that is asked for", () => {
    const lines = new Lines()
    return withHub((hub) =>
      Effect.gen(function*() {
        yield* hub.supervise("dispensable", Effect.die(new Error("gone")), { onFailure: "log" })
        yield* settled
        assert.isTrue(lines.has("Error in dispensable:"))
        yield* hub.supervise("another", Effect.void)
      })
    ).pipe(Effect.provide(lines.layer))
  })

  it.effect("fibers until the worker stops, and then interrupts them", () =>
    Effect.gen(function*() {
      let interrupted = false
      yield* withHub((hub) =>
        Effect.andThen(
          hub.supervise(
            "endless",
            Effect.onInterrupt(Effect.never, () => Effect.sync(() => void (interrupted = true)))
          ),
          settled
        )
      )
      assert.isTrue(interrupted)
    }))

  it.effect("what is called soon: in the next turn, not in this one", () =>
    withHub((hub) =>
      Effect.gen(function*() {
        const order: Array<string> = []
        yield* hub.callSoon(Effect.sync(() => void order.push("soon")))
        order.push("now")
        yield* until("it was called", () => order.length === 2)
        assert.deepStrictEqual(order, ["now", "soon"])
      })
    ))

  it.effect("and closes in order: steps that require it first, then what was last given to onClose", () =>
    Effect.gen(function*() {
      const order: Array<string> = []
      const note = (what: string) => Effect.sync(() => void order.push(what))
      const User = Bootstep.make("User", {
        requires: [Hub],
        start: Effect.gen(function*() {
          const hub = yield* Hub
          yield* hub.onClose(note("first given"))
          yield* hub.onClose(note("last given"))
        }),
        stop: () => note("the step")
      })
      yield* Blueprint.run(Blueprint.make("Worker", [Timer, Hub, User]), Effect.void).pipe(
        Effect.provide(Control.Control.layer)
      )
      assert.deepStrictEqual(order, ["the step", "last given", "first given"])
    }))
})

describe("Hub reads and writes", () => {
  it.effect("a socket that has something to read, and forgets it at its end", () =>
    Effect.scoped(withHub((hub) =>
      Effect.gen(function*() {
        const [ours, theirs] = yield* sockets
        let text = ""
        yield* hub.addReader(ours, (socket) => Effect.sync(() => void (text += socket.read()?.toString() ?? "")))
        theirs.write("hello ")
        yield* eventually("the first part", () => text === "hello ")
        theirs.write("world")
        yield* eventually("the second part", () => text === "hello world")
        theirs.end()
        yield* eventually("the end", () => ours.readableEnded || ours.destroyed)
        assert.strictEqual(ours.listenerCount("readable"), 0)
      })
    )))

  it.effect("what was there before it was asked", () =>
    withHub((hub) =>
      Effect.gen(function*() {
        const stream = new PassThrough()
        stream.write("already")
        const texts: Array<string> = []
        yield* hub.addReader(stream, (source) =>
          Effect.sync(() => {
            const text = source.read()?.toString()
            if (text !== undefined) texts.push(text)
          }))
        yield* eventually("it was read", () => texts.length > 0)
        assert.deepStrictEqual(texts, ["already"])
      })
    ))

  it.effect("with one callback for each direction: a second one replaces the first", () =>
    withHub((hub) =>
      Effect.gen(function*() {
        const stream = new PassThrough()
        const read: Array<string> = []
        const reader = (name: string) => () => Effect.sync(() => void (stream.read() !== null && read.push(name)))
        yield* hub.addReader(stream, reader("first"))
        yield* hub.addReader(stream, reader("second"))
        assert.strictEqual(stream.listenerCount("readable"), 1)
        stream.write("x")
        yield* eventually("it was read", () => read.length > 0)
        assert.deepStrictEqual(read, ["second"])
      })
    ))

  it.effect("a sink as soon as it takes writes, and again when it has drained", () =>
    withHub((hub) =>
      Effect.gen(function*() {
        let finish: (() => void) | undefined
        const sink = new Writable({
          highWaterMark: 1,
          write: (_chunk, _encoding, callback) => {
            finish = callback
          }
        })
        let called = 0
        yield* hub.addWriter(sink, (writable) =>
          Effect.sync(() => {
            called++
            writable.write("data")
          }))
        yield* eventually("it was called at once", () => called === 1)
        yield* settled
        assert.strictEqual(called, 1)
        finish?.()
        yield* eventually("it was called again", () => called === 2)
      })
    ))

  it.effect("keeps the other direction when one is removed, and neither when both are", () =>
    withHub((hub) =>
      Effect.gen(function*() {
        const stream = new PassThrough()
        yield* hub.addReader(stream, () => Effect.void)
        yield* hub.addWriter(stream, () => Effect.void)
        const listening = () => [stream.listenerCount("readable"), stream.listenerCount("drain")]
        const before = listening()
        yield* hub.removeReader(stream)
        assert.deepStrictEqual(listening(), [before[0]! - 1, before[1]])
        yield* hub.addReader(stream, () => Effect.void)
        yield* hub.removeWriter(stream)
        assert.deepStrictEqual(listening(), [before[0], before[1]! - 1])
        yield* hub.remove(stream)
        assert.deepStrictEqual(listening(), [before[0]! - 1, before[1]! - 1])
      })
    ))

  for (const ending of ["close", "error"] as const) {
    it.effect(`nothing of a source any more after its ${ending}`, () =>
      withHub((hub) =>
        Effect.gen(function*() {
          const stream = new PassThrough()
          const seen: Array<string> = []
          stream.on("error", () => seen.push("error"))
          stream.on("close", () => seen.push("close"))
          const before = stream.eventNames().reduce((sum, name) => sum + stream.listenerCount(name), 0)
          yield* hub.addReader(stream, () => Effect.void)
          yield* hub.addWriter(stream, () => Effect.void)
          stream.destroy(ending === "error" ? new Error("broken") : undefined)
          yield* eventually("it is closed", () => seen.includes("close"))
          assert.strictEqual(stream.eventNames().reduce((sum, name) => sum + stream.listenerCount(name), 0), before)
        })
      ))
  }

  it.effect("no source any more when the worker has stopped", () =>
    Effect.gen(function*() {
      const stream = new PassThrough()
      yield* withHub((hub) => hub.addReader(stream, () => Effect.void))
      assert.strictEqual(stream.listenerCount("readable"), 0)
    }))

  it.effect("stops the worker when a callback fails", () =>
    Effect.gen(function*() {
      const stream = new PassThrough()
      const exit = yield* Effect.exit(withHub((hub) =>
        Effect.gen(function*() {
          yield* hub.addReader(stream, () => Effect.fail("cannot read"))
          stream.write("x")
          return yield* Effect.never
        })
      ))
      const error = Exit.isFailure(exit) ? exit.cause.reasons[0] : undefined
      const failure = error?._tag === "Fail" ? error.error : undefined
      assert.strictEqual(failure?.reason, "cannot read")
    }).pipe(Effect.provide(new Lines().layer)))
})

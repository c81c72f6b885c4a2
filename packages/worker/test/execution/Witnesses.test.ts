/** Tasks that may have been sent before, and whose results nobody keeps: other workers are asked. */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import * as Entity from "@celeriac/messaging/Entity"
import type { Message } from "@celeriac/messaging/Message"
import * as Producer from "@celeriac/messaging/Producer"
import { Transport } from "@celeriac/messaging/Transport"
import * as MemoryBroker from "@celeriac/messaging/transports/MemoryBroker"
import * as MemoryTransport from "@celeriac/messaging/transports/MemoryTransport"
import * as Client from "@celeriac/tasks/Client"
import * as Commands from "@celeriac/tasks/control/Commands"
import * as DisabledBackend from "@celeriac/tasks/result/backends/DisabledBackend"
import * as MemoryBackend from "@celeriac/tasks/result/backends/MemoryBackend"
import type { ResultBackend } from "@celeriac/tasks/result/ResultBackend"
import * as Task from "@celeriac/tasks/Task"
import { TaskContext } from "@celeriac/tasks/TaskContext"
import * as ControlHandler from "@celeriac/worker/control/ControlHandler"
import { type State, WorkerState } from "@celeriac/worker/state/WorkerState"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import { publish, quiet, settled, taskMessage } from "../support.ts"

const task = Task.make("tick")

/** Of two workers, each with a queue of its own: what ran where, and whether it may end. */
const two = Effect.fnUntraced(function*(
  options: {
    readonly backend?: Layer.Layer<ResultBackend>
    readonly acksLate?: boolean
    readonly isHeld?: boolean
    readonly names?: ReadonlyArray<string>
    /** Steps that they leave out, besides those that meet others. */
    readonly without?: ReadonlyArray<"control">
  } = {}
) {
  const broker = yield* MemoryBroker.make()
  const open = yield* Deferred.make<void>()
  const ran: Array<string> = []
  const states: Array<State> = []
  const begin = (name: string, control: Layer.Layer<never> = Layer.empty) =>
    Layer.build(
      Worker.make({
        nodename: `${name}@test`,
        concurrency: 2,
        queues: [name],
        without: ["mingle", "gossip", ...(options.without ?? [])],
        steps: {
          worker: [Bootstep.make("Looking", {
            requires: [WorkerState],
            start: Effect.map(WorkerState, (state) => void states.push(state))
          })]
        },
        tasks: [
          task.toLayer(() =>
            Effect.andThen(
              Effect.map(TaskContext, ({ id }) => void ran.push(`${id} on ${name}`)),
              options.isHeld === true ? Deferred.await(open) : Effect.void
            ), { acksLate: options.acksLate ?? false })
        ]
      }).layer.pipe(
        Layer.provide([Client.layer, control]),
        Layer.provide(options.backend ?? DisabledBackend.layer),
        Layer.provide(Producer.layer()),
        Layer.provide(MemoryTransport.layer({ broker }))
      )
    )
  yield* Effect.forEach(options.names ?? ["a", "b"], (name) => begin(name))
  const around = yield* Layer.build(Layer.provideMerge(Producer.layer(), MemoryTransport.layer({ broker })))
  const send = (to: string, id: string, isAgain: boolean, more: Message["headers"] = {}) => {
    const message = taskMessage({ task: "tick", id })
    const headers = { ...message.headers, ...(isAgain ? { celeriac_again: true } : {}), ...more }
    return Effect.andThen(publish({ ...message, headers }, to), settled).pipe(Effect.provideContext(around))
  }
  /** As long as nodes may take to answer. */
  const answered = Effect.repeat(Effect.andThen(TestClock.adjust("500 millis"), settled), { times: 4 })
  return { answered, around, begin, open, ran, send, states }
})

const info = (id: string) => ({
  id,
  name: "tick",
  args: [],
  kwargs: {},
  type: "tick",
  hostname: "a@test",
  timeStart: 1,
  acknowledged: true,
  deliveryInfo: { exchange: "", routingKey: "a", priority: null, redelivered: false },
  workerPid: 1
})

const test = (says: string, run: Effect.Effect<void, unknown, import("effect/Scope").Scope>) =>
  it.effect(says, () => run.pipe(Effect.scoped, Effect.provide(quiet)))

describe("a task that may have been sent before, without a result that is kept,", () => {
  test(
    "does not run when another worker has had it",
    Effect.gen(function*() {
      const { answered, ran, send } = yield* two()
      yield* send("a", "1", false)
      yield* send("b", "1", true)
      yield* answered
      assert.deepStrictEqual(ran, ["1 on a"])
    })
  )

  test(
    "does not run while another worker runs it, whether early or late, and whether its result will be kept or not",
    Effect.gen(function*() {
      for (const backend of [DisabledBackend.layer, MemoryBackend.layer]) {
        for (const acksLate of [false, true]) {
          const { answered, open, ran, send } = yield* two({ backend, acksLate, isHeld: true })
          yield* send("a", "1", false)
          yield* send("b", "1", true)
          yield* answered
          assert.deepStrictEqual(ran, ["1 on a"])
          yield* Deferred.succeed(open, undefined)
          yield* settled
        }
      }
    })
  )

  test(
    "runs when nobody knows it, after they were asked once for all that came with it",
    Effect.gen(function*() {
      const { answered, ran, send } = yield* two()
      for (let n = 0; n < 20; n++) yield* send("b", String(n), true)
      assert.deepStrictEqual(ran, [])
      yield* answered
      assert.deepStrictEqual(ran, Array.from({ length: 20 }, (_, n) => `${n} on b`))
    })
  )

  test(
    "runs on one of two workers that ask each other, whoever asks first",
    Effect.gen(function*() {
      for (const [first, second] of [["a", "b"], ["b", "a"]] as const) {
        for (const pause of [0, 700]) {
          const { answered, ran, send } = yield* two()
          yield* send(first, "1", true)
          yield* TestClock.adjust(pause)
          yield* settled
          yield* send(second, "1", true)
          yield* answered
          assert.strictEqual(ran.length, 1, `${first}, and ${second} after ${pause} ms: ${ran.join()}`)
        }
      }
    })
  )

  test(
    "runs once of three copies, although a worker that has dropped one is asked again",
    Effect.gen(function*() {
      for (const order of [["a", "b", "b"], ["b", "a", "b"], ["b", "b", "a"], ["a", "a", "b"]]) {
        const { answered, ran, send } = yield* two()
        for (const to of order) {
          yield* send(to, "1", true)
          yield* TestClock.adjust("300 millis")
          yield* settled
        }
        yield* answered
        yield* answered
        assert.strictEqual(ran.length, 1, `${order.join()}: ${ran.join()}`)
      }
    })
  )

  test(
    "is asked about when a slot of a scheduler came again, whose acknowledgement was lost",
    Effect.gen(function*() {
      for (const isSlot of [true, false]) {
        const { answered, around, begin, ran, send } = yield* two({ names: ["a"] })
        yield* send("a", "1", false)
        yield* Effect.scoped(Effect.gen(function*() {
          const channel = yield* (yield* (yield* Transport).connect()).openChannel()
          yield* channel.declareQueue(Entity.queue("b"))
          yield* send("b", "1", false, isSlot ? { celery_beat_task: true } : {})
          yield* channel.get("b")
        })).pipe(Effect.provideContext(around))
        yield* begin("b")
        yield* settled
        yield* answered
        assert.deepStrictEqual(ran, isSlot ? ["1 on a"] : ["1 on a", "1 on b"])
      }
    })
  )

  test(
    "does not run, where it is a slot of a scheduler, however many tasks the other worker has had since",
    Effect.gen(function*() {
      for (const isSlot of [true, false]) {
        const { answered, ran, send, states } = yield* two()
        const mark = isSlot ? { celery_beat_task: true } : {}
        yield* send("a", "1", false, mark)
        for (let n = 0; n < 10_000; n++) states[0]!.remember(String(n), 0, "ack")
        yield* send("b", "1", true, mark)
        yield* answered
        assert.deepStrictEqual(ran, isSlot ? ["1 on a"] : ["1 on a", "1 on b"])
      }
    })
  )

  test(
    "is asked about again when a worker does not answer that has answered before, and not for ever",
    Effect.gen(function*() {
      const { answered, begin, ran, send } = yield* two({ names: ["b"] })
      const has: Array<string> = []
      let isAway = false
      yield* begin(
        "a",
        ControlHandler.layer(
          Commands.inspect.queryTask,
          () =>
            Effect.suspend(() =>
              isAway ? Effect.never : Effect.succeed(Object.fromEntries(has.map((id) => [id, ["active", info(id)]])))
            )
        )
      )
      yield* send("b", "1", true)
      yield* answered
      assert.deepStrictEqual(ran, ["1 on b"])
      // As while it connects anew.
      isAway = true
      has.push("2")
      yield* send("b", "2", true)
      yield* answered
      assert.deepStrictEqual(ran, ["1 on b"])
      isAway = false
      yield* answered
      yield* answered
      assert.deepStrictEqual(ran, ["1 on b"])
      isAway = true
      yield* send("b", "3", true)
      yield* Effect.repeat(answered, { times: 3 })
      assert.deepStrictEqual(ran, ["1 on b", "3 on b"])
      yield* send("b", "4", true)
      yield* answered
      assert.deepStrictEqual(ran, ["1 on b", "3 on b", "4 on b"])
    })
  )

  test(
    "runs at once where it is not marked: nobody asks about every task",
    Effect.gen(function*() {
      const { ran, send } = yield* two()
      yield* send("a", "1", false)
      yield* send("b", "2", false)
      assert.deepStrictEqual(ran, ["1 on a", "2 on b"])
    })
  )

  test(
    "runs when it comes back to be run late, although another worker may be running it still",
    Effect.gen(function*() {
      const { answered, around, begin, open, ran, send } = yield* two({ acksLate: true, isHeld: true, names: ["a"] })
      yield* send("a", "1", true)
      yield* answered
      yield* Effect.scoped(Effect.gen(function*() {
        // Somebody else had it, and went without a word.
        const channel = yield* (yield* (yield* Transport).connect()).openChannel()
        yield* channel.declareQueue(Entity.queue("b"))
        yield* send("b", "1", true)
        yield* channel.get("b")
      })).pipe(Effect.provideContext(around))
      yield* begin("b")
      yield* settled
      assert.deepStrictEqual(ran, ["1 on a", "1 on b"])
      yield* Deferred.succeed(open, undefined)
    })
  )
})

describe("a task that may have been sent before, with a result that is kept,", () => {
  test(
    "does not run when it has ended where nobody can be asked: its worker is gone, or listens to nobody",
    Effect.gen(function*() {
      const shared = Layer.succeedContext(yield* Layer.build(MemoryBackend.layer))
      for (const isGone of [true, false]) {
        const { answered, begin, ran, send } = yield* two({ backend: shared, names: [], without: ["control"] })
        const id = String(isGone)
        const first = Effect.andThen(begin("a"), send("a", id, false))
        yield* isGone ? Effect.scoped(first) : first
        yield* begin("b")
        yield* send("b", id, true)
        yield* answered
        assert.deepStrictEqual(ran, [`${id} on a`])
      }
    })
  )
})

/** The messages by which canvases are sent, beside those that Celery sends for the same. */
import type * as CallOptions from "@celeriac/tasks/CallOptions"
import * as Canvas from "@celeriac/tasks/Canvas"
import * as CanvasSettings from "@celeriac/tasks/CanvasSettings"
import * as Client from "@celeriac/tasks/Client"
import * as PublishSignals from "@celeriac/tasks/PublishSignals"
import * as MemoryBackend from "@celeriac/tasks/result/backends/MemoryBackend"
import * as Signature from "@celeriac/tasks/Signature"
import * as Task from "@celeriac/tasks/Task"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import { clientWith } from "./fixtures/broker.ts"
import captured from "./fixtures/canvas-messages.json" with { type: "json" }

type Table = Readonly<Record<string, any>>

const kept = ["queue", "priority", "countdown", "expires", "shadow", "ignore_result"]

/** As `canvas-messages.py` has it. */
const plain = (signature: Table | null): Table | null => {
  if (signature === null) return null
  const { args = [], kwargs: given, options: all = {}, task } = signature
  const kwargs: Record<string, unknown> = { ...given }
  for (const name of ["tasks", "header"]) {
    const members = kwargs[name] as any
    if (members !== undefined) kwargs[name] = (members.kwargs?.tasks ?? members).map(plain)
  }
  if ("body" in kwargs) kwargs.body = plain(kwargs.body as Table)
  const options: Record<string, unknown> = {}
  for (const name of kept) if (all[name] != null) options[name] = all[name]
  for (const name of ["link", "link_error", "chain"]) if (all[name]?.length > 0) options[name] = all[name].map(plain)
  return { task, args, kwargs, options }
}

const optionsOf = ({ countdown, expires, link, link_error, ...options }: Table): CallOptions.CallOptions => ({
  ...options,
  ...(countdown === undefined ? {} : { countdown: countdown * 1_000 }),
  ...(expires === undefined ? {} : { expires: expires * 1_000 }),
  ...(link === undefined ? {} : { link: Result.getOrThrow(Signature.decode(link)) as any }),
  ...(link_error === undefined ? {} : { linkError: Result.getOrThrow(Signature.decode(link_error)) as any })
})

/** What a client sends for it. */
const sentFor = (
  signature: Signature.Any,
  args?: ReadonlyArray<unknown>,
  options?: CallOptions.CallOptions,
  settings: Layer.Layer<never> = Layer.empty
) =>
  Effect.gen(function*() {
    const sent: Array<Table> = []
    const signals = PublishSignals.layer({
      beforeTaskPublish: ({ message, to }) => {
        const { headers, properties } = message
        const [args, kwargs, embed] = JSON.parse(Buffer.from(message.body).toString())
        sent.push({
          task: headers.task,
          args,
          kwargs,
          queue: to.routingKey,
          priority: properties.priority,
          eta: headers.eta !== null,
          expires: headers.expires !== null,
          shadow: headers.shadow,
          index: headers.group_index,
          callbacks: (embed.callbacks ?? []).map(plain),
          errbacks: (embed.errbacks ?? []).map(plain),
          chain: (embed.chain ?? []).map(plain),
          chord: plain(embed.chord)
        })
        return message
      }
    })
    const client = yield* Effect.provide(Client.make, Layer.merge(signals, settings))
    yield* client.applyAsync(signature, args, options)
    return sent
  }).pipe(Effect.provide(clientWith(MemoryBackend.layer)))

const add = Task.make("proj.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })
const total = Task.make("proj.total", { parameters: { all: Schema.Array(Schema.Int) }, success: Schema.Int })
const tell = Task.make("proj.tell", { parameters: { text: Schema.String } })

const noTasks: ReadonlyArray<Signature.Any> = []

describe("the messages of a canvas", () => {
  for (const [name, { args, canvas, messages, options }] of Object.entries(captured.canvases)) {
    it.effect(`are those that Celery sends: ${name}`, () =>
      Effect.gen(function*() {
        const signature = Result.getOrThrow(Signature.decode(canvas))
        assert.deepStrictEqual(yield* sentFor(signature, args, optionsOf(options)), messages)
      }))
  }

  it.effect("have what is linked to a chord for its failure in each part, where the setting says so", () =>
    Effect.gen(function*() {
      const nested = Canvas.chord([add.s([1, 1]), Canvas.chord([add.s([2, 2])], total.s())], total.s()).onError(
        tell.s()
      )
      const on = Layer.succeed(CanvasSettings.AllowErrorCbOnChordHeader, true)
      const errback = { task: "proj.tell", args: [], kwargs: {}, options: {} }
      assert.deepStrictEqual(
        (yield* sentFor(nested, undefined, undefined, on)).map((
          { chord, errbacks }
        ) => [errbacks, chord.options.link_error]),
        // The chord in it has them from itself, and as a part.
        [[[errback], [errback]], [[errback], [errback, errback]]]
      )
      assert.deepStrictEqual(
        (yield* sentFor(nested)).map(({ chord, errbacks }) => [errbacks, chord.options.link_error]),
        [[[], [errback]], [[], [errback]]]
      )
    }))

  it.effect("obey the options of definitions, of those that come later too, and mask what is secret", () =>
    Effect.gen(function*() {
      const slow = Task.make("proj.slow", {
        parameters: { n: Schema.Int },
        success: Schema.Int,
        options: { queue: "slow", priority: 7 }
      })
      const [first] = yield* sentFor(Canvas.chain(slow.s({ n: 1 }), slow.s(), slow.s().set({ queue: "other" })))
      assert.deepInclude(first, { queue: "slow", priority: 7 })
      assert.deepStrictEqual(first!.chain.map(({ options }: Table) => options), [
        { queue: "other", priority: 7 },
        { queue: "slow", priority: 7 }
      ])
      const many = yield* sentFor(Canvas.map(slow, [1, 2]))
      assert.deepInclude(many[0], { task: "celery.map", queue: "slow", priority: 7 })
    }))

  it.effect("are not sent at all when one of them makes no sense", () =>
    Effect.gen(function*() {
      const says = (canvas: Signature.Any, options?: CallOptions.CallOptions) =>
        Effect.map(Effect.flip(sentFor(canvas, undefined, options)), ({ message }) => message)
      const lacking = add.s({ y: 1 })
      assert.include(yield* says(Canvas.chain(lacking, add.s({ y: 1 }))), "missing 1 required positional argument: 'x'")
      assert.include(yield* says(Canvas.group(add.s([1, 1]), lacking)), "missing 1 required positional argument: 'x'")
      assert.include(yield* says(Canvas.chain(...noTasks)), "a chain has no tasks")
      assert.include(yield* says(Canvas.chain(add.s([1, 1])), { priority: 999 }), "priority")
      assert.include(yield* says(Canvas.group(add.s([1, 1])), { link: tell.si(["done"]) }), "a group has no callbacks")
    }))

  it.effect("of whatever was read are sent, or refused with a sentence", () =>
    Effect.gen(function*() {
      const leaf = fc.oneof(
        fc.jsonValue(),
        fc.record({ task: fc.string(), args: fc.jsonValue(), options: fc.jsonValue() }, { requiredKeys: ["task"] }),
        fc.constant({ task: "proj.any", args: [1], kwargs: {}, options: {}, subtask_type: null, immutable: false })
      )
      const { canvas } = fc.letrec((tie) => {
        const kwargs = fc.record({
          tasks: fc.oneof(fc.array(tie("canvas"), { maxLength: 3 }), fc.jsonValue()),
          header: fc.oneof(fc.array(tie("canvas"), { maxLength: 3 }), tie("canvas"), fc.jsonValue()),
          body: tie("canvas")
        }, { requiredKeys: [] })
        const kind = fc.constantFrom("chain", "group", "chord")
        return {
          canvas: fc.oneof(
            { maxDepth: 3, depthSize: "small" },
            leaf,
            fc.tuple(kind, kwargs).map(([kind, kwargs]) => ({
              task: `celery.${kind}`,
              args: [],
              kwargs,
              options: {},
              subtask_type: kind,
              immutable: false
            }))
          )
        }
      })
      yield* Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(canvas, async (value) => {
            const read = Signature.decode(value)
            if (Result.isFailure(read)) return
            const sent = await Effect.runPromise(Effect.result(sentFor(read.success)))
            if (Result.isFailure(sent)) assert.match((sent.failure as Error).message, /^(send|publish|count)/)
          }),
          { numRuns: 300 }
        )
      )
    }))
})

import type { Message } from "@celeriac/messaging/Message"
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as FastCheck from "fast-check"
import * as ChainText from "../../src/protocol/ChainText.ts"
import * as TaskBody from "../../src/protocol/TaskBody.ts"
import type { SignatureJson } from "../../src/protocol/TaskBody.ts"
import * as TaskHeaders from "../../src/protocol/TaskHeaders.ts"
import * as TaskMessage from "../../src/protocol/TaskMessage.ts"

const id = "dae95565-b34a-412a-b9cd-12d6e633d6ac"

const step = (more: Partial<SignatureJson> = {}): SignatureJson => ({
  task: "add",
  args: [],
  kwargs: {},
  options: { task_id: id },
  subtask_type: null,
  immutable: false,
  ...more
})

const steps = (count: number) => Array.from({ length: count }, (_, at) => step({ args: [at] }))

/** As Python's `json.dumps` writes it. */
const spaced = (value: unknown): string =>
  Array.isArray(value)
    ? `[${value.map(spaced).join(", ")}]`
    : typeof value === "object" && value !== null
    ? `{${Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${spaced(one)}`).join(", ")}}`
    : JSON.stringify(value)

const messageOf = (text: string, more: Partial<Message> = {}): Message => ({
  headers: { task: "add", id },
  properties: { contentType: "application/json", contentEncoding: "utf-8" },
  body: Buffer.from(text),
  ...more
})

const bodyOf = (embed: Partial<TaskBody.Embed>, args: ReadonlyArray<unknown> = [1], kwargs = {}) =>
  TaskBody.encode(args, kwargs, embed)

const identity: TaskMessage.Identity = {
  version: 2,
  headers: Result.getOrThrow(TaskHeaders.decode({ task: "add", id }))
}

const readAll = (message: Message): TaskBody.Embed =>
  Result.getOrThrow(TaskMessage.readBody(message, identity)).body.embed

/** Read without the front of its chain, where that is possible. */
const readCut = (message: Message): TaskBody.Embed | undefined => {
  const cut = ChainText.cut(message, {})
  if (cut === undefined) return undefined
  const read = TaskMessage.readBody(cut.message, identity)
  return Result.isSuccess(read) ? cut.whole(read.success.body.embed) : undefined
}

describe("ChainText", () => {
  for (const [sender, write] of [["JavaScript", JSON.stringify], ["Python", spaced]] as const) {
    it(`reads the last step alone of a chain that ${sender} wrote, and all of it for whoever asks`, () => {
      const chain = steps(30)
      const message = messageOf(write(bodyOf({ chain })))
      const embed = readCut(message)
      assert.deepStrictEqual(ChainText.partsOf(embed!)?.end, chain.slice(-1))
      assert.deepStrictEqual(ChainText.partsOf(embed!)?.front.signatures, chain.slice(0, -1))
      assert.deepStrictEqual({ ...embed }, readAll(message))
    })
  }

  it("stops at the first step that is not ordinary", () => {
    const chain = [...steps(20), step({ options: { task_id: id, link: [step()] } }), ...steps(3)]
    const parts = ChainText.partsOf(readCut(messageOf(JSON.stringify(bodyOf({ chain }))))!)!
    assert.deepStrictEqual([parts.front.signatures, parts.end], [chain.slice(0, 20), chain.slice(20)])
  })

  it("reads whole what is short, compressed, or in another form", () => {
    const text = JSON.stringify(bodyOf({ chain: steps(30) }))
    const properties = messageOf(text).properties
    for (
      const message of [
        messageOf(JSON.stringify(bodyOf({ chain: steps(3) }))),
        messageOf(text, { headers: { compression: "application/x-gzip" } }),
        messageOf(text, { properties: { ...properties, contentType: "application/x-yaml" } }),
        messageOf(text, { properties: { ...properties, contentEncoding: "binary" } }),
        messageOf(JSON.stringify(bodyOf({ chain: steps(30) }), undefined, 2)),
        messageOf(JSON.stringify(bodyOf({ callbacks: steps(30) })))
      ]
    ) assert.isUndefined(ChainText.cut(message, {}))
  })

  it("leaves bodies that are over a bound to whoever refuses them", () => {
    const message = messageOf(JSON.stringify(bodyOf({ chain: steps(30) })))
    const limits = { bodyBytes: 1e6, decompressedBytes: 1e6, depth: 200, values: 1e6, headerBytes: 1e6 }
    assert.isDefined(ChainText.cut(message, { limits }))
    for (const less of [{ bodyBytes: 1_000 }, { depth: 7 }, { values: 1_000 }]) {
      assert.isUndefined(ChainText.cut(message, { limits: { ...limits, ...less } }))
    }
  })

  it("is not taken in by a list in an argument that looks like a chain", () => {
    const kwargs = { errbacks: null, chain: steps(30), chord: null }
    for (const embed of [{}, { chain: steps(2) }]) {
      assert.isUndefined(readCut(messageOf(JSON.stringify(bodyOf(embed, [], kwargs)))))
      assert.isUndefined(readCut(messageOf(JSON.stringify(bodyOf(embed, [kwargs])))))
    }
    const twice = JSON.stringify(bodyOf({ chain: steps(30) })).replace("\"chord\":null", "\"ch\\u0061in\":[]")
    assert.isUndefined(readCut(messageOf(twice)))
    const named = JSON.stringify(bodyOf({ chain: steps(30) })).replace("\"chain\"", "\"a\\\"chain\"")
    assert.isUndefined(readCut(messageOf(named)))
  })

  const scalars = FastCheck.oneof(
    FastCheck.string(),
    FastCheck.double({ noNaN: true, noDefaultInfinity: true }),
    FastCheck.maxSafeInteger(),
    FastCheck.bigInt({ min: 2n ** 60n }).map((big) => Number(big)),
    FastCheck.boolean(),
    FastCheck.constant(null),
    FastCheck.constantFrom("é", "a\"b", "\\", "{\"task\":", "__type__", "],\"chord\":null}]")
  )

  const signature: FastCheck.Arbitrary<SignatureJson> = FastCheck.record({
    task: FastCheck.constantFrom("add", "mod.mul", "celery.group", "ä", "a b"),
    args: FastCheck.array(FastCheck.oneof(scalars, FastCheck.array(scalars, { maxLength: 2 })), { maxLength: 3 }),
    kwargs: FastCheck.dictionary(FastCheck.constantFrom("x", "y", "chain", "__proto_", "task"), scalars, {
      maxKeys: 2
    }),
    options: FastCheck.dictionary(
      FastCheck.constantFrom("task_id", "queue", "ignore_result", "priority", "chord"),
      FastCheck.oneof(FastCheck.constantFrom("a", "b", null, true, 3), FastCheck.constant(step())),
      { maxKeys: 3 }
    ),
    subtask_type: FastCheck.constantFrom(null, null, null, "group"),
    immutable: FastCheck.boolean()
  })

  it("reads any chain as it is read without it, and writes what follows a step as it is written without it", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(signature, { minLength: 1, maxLength: 8 }),
        FastCheck.integer({ min: 0, max: 20 }),
        FastCheck.constantFrom(JSON.stringify, spaced),
        FastCheck.option(signature, { nil: undefined }),
        FastCheck.array(scalars, { maxLength: 3 }),
        (some, count, write, chord, args) => {
          const message = messageOf(
            write(bodyOf({ chain: [...steps(count), ...some], chord, errbacks: [step()] }, args))
          )
          const whole = TaskMessage.readBody(message, identity)
          const embed = readCut(message)
          if (embed === undefined) return
          // What cannot be read in the front is not in the front.
          const parts = ChainText.partsOf(embed)!
          if (Result.isFailure(whole)) return assert.fail("it cannot be read, and was")
          assert.deepStrictEqual({ ...embed }, whole.success.body.embed)
          const written = (front: ChainText.Front | undefined, chain: ReadonlyArray<SignatureJson>) => {
            const { body } = Result.getOrThrow(
              TaskMessage.write({ task: "mul", id, args, embed: { chain, chord }, front })
            )
            return JSON.parse(Buffer.from(body).toString())
          }
          assert.deepStrictEqual(
            written(parts.front, parts.end.slice(0, -1)),
            written(undefined, whole.success.body.embed.chain!.slice(0, -1))
          )
        }
      ),
      { numRuns: 500 }
    )
  })

  it("is written whole where its text has no place, in a message that is compressed", () => {
    const { front } = ChainText.partsOf(readCut(messageOf(JSON.stringify(bodyOf({ chain: steps(30) }))))!)!
    const readBack = (options: TaskMessage.WriteOptions) => {
      const message = Result.getOrThrow(
        TaskMessage.write({ task: "mul", id, embed: { chain: [step()] }, front }, options)
      )
      return readAll(message).chain
    }
    for (const options of [{}, { compression: "gzip" }]) {
      assert.deepStrictEqual(readBack(options), [...front.signatures, step()])
    }
  })
})

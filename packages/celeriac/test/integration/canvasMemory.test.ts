/**
 * A large chord in little memory: the heap of the client and of the worker has a
 * bound, and a process that is over it ends.
 *
 * `CELERIAC_CHORD_PARTS=10000` is as large as the chord of `bench/`.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { inject } from "vitest"

const parts = Number(process.env["CELERIAC_CHORD_PARTS"] ?? 1_500)

/** Megabytes. A part takes 5 kB of the client, and nothing that stays of the worker. */
const heap = { client: 48 + Math.ceil(parts * 0.005), worker: 48 }

const program = fileURLToPath(new URL("../../../../bench/scenarios/canvas.ts", import.meta.url))

/** With so many megabytes: its first line. */
const start = (megabytes: number, scenario: string, count: number) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [
        `--max-old-space-size=${megabytes}`,
        program,
        scenario,
        inject("amqpUrl"),
        String(count),
        inject("redisUrl").replace(/\/\d*$/, "/10")
      ], { stdio: ["ignore", "pipe", "ignore"] })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

const firstLine = (child: ChildProcess) =>
  Effect.promise(async () => {
    const line = once(createInterface({ input: child.stdout! }), "line")
    const ended = once(child, "exit").then(([code, signal]) => [JSON.stringify({ ended: code ?? signal })])
    const [text] = await Promise.race([line, ended])
    return JSON.parse(text) as Readonly<Record<string, unknown>>
  })

describe("a large chord", () => {
  it.live(
    `of ${parts} comes to its body's result in ${heap.client} MB of the client and ${heap.worker} MB of the worker`,
    () =>
      Effect.gen(function*() {
        const worker = yield* start(heap.worker, "serve", 4)
        assert.deepStrictEqual(yield* firstLine(worker), { ready: true })
        const told = yield* firstLine(yield* start(heap.client, "chord", parts))
        assert.isNumber(told["seconds"], JSON.stringify(told))
        assert.isNull(worker.exitCode)
      }).pipe(Effect.scoped),
    30_000 + 10 * parts
  )
})

/** Tasks of ours in a schedule of Python's. */
import * as AmqpTransport from "@celeriac/amqp/AmqpTransport"
import * as Producer from "@celeriac/messaging/Producer"
import * as Client from "@celeriac/tasks/Client"
import * as DisabledBackend from "@celeriac/tasks/result/backends/DisabledBackend"
import * as Task from "@celeriac/tasks/Task"
import { TaskContext } from "@celeriac/tasks/TaskContext"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import { randomUUID } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { Peer, until } from "../../../../test/peers/Process.ts"
import { findPython, has } from "../../../../test/peers/Python.ts"

const url = brokerUrl()

const tick = Task.make("proj.tick", {
  parameters: { x: Schema.Number, name: Schema.String },
  success: Schema.Number
})

describe("celery beat", () => {
  it.live("sends tasks that a worker here runs, with what they say", () =>
    Effect.gen(function*() {
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "python-beat-"))),
        (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
      )
      const queue = `beat-${randomUUID()}`
      const seen: Array<readonly [number, string, unknown, unknown]> = []
      const worker = Worker.make({
        nodename: `python.beat.${process.pid}@here`,
        tasks: [tick.toLayer(({ name, x }) =>
          Effect.map(TaskContext, ({ expires, headers }) => {
            seen.push([x, name, headers["celery_beat_task"], expires])
            return x
          })
        )],
        queues: [queue],
        without: ["mingle", "gossip", "heart", "control"]
      })
      const broker = Client.layer.pipe(
        Layer.provideMerge(DisabledBackend.layer),
        Layer.provideMerge(Producer.layer()),
        Layer.provideMerge(AmqpTransport.layer({ url }))
      )
      yield* Layer.build(worker.layer.pipe(Layer.provide(broker)))
      const beat = yield* Effect.acquireRelease(
        Effect.sync(() =>
          new Peer(findPython() ?? "python3", [
            ...["-m", "celery", "-A", "scheduled", "beat", "-l", "INFO"],
            ...["-s", join(folder, "schedule"), "--pidfile", ""]
          ], {
            env: {
              BROKER: url,
              QUEUE: queue,
              PYTHONPATH: import.meta.dirname,
              PYTHONDONTWRITEBYTECODE: "1"
            }
          })
        ),
        (beat) => Effect.promise(() => beat.stop("SIGKILL"))
      )
      yield* Effect.promise(() => until("three tasks", () => seen.length >= 3, 100_000, () => beat.output))
      for (const [x, name, isBeat, expires] of seen) {
        // Celery says so since 5.7.
        assert.deepStrictEqual([x, name, isBeat], [16, "ä", has("5.7") ? true : undefined])
        assert.isDefined(expires)
      }
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([]))), 120_000)
})

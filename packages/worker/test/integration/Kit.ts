/** What the integration tests share: whole workers on a real broker, and journals of what they ran. */
import type { AmqpOptions } from "@celeriac/amqp/AmqpConfig"
import * as AmqpTransport from "@celeriac/amqp/AmqpTransport"
import * as Producer from "@celeriac/messaging/Producer"
import type { Transport } from "@celeriac/messaging/Transport"
import * as Client from "@celeriac/tasks/Client"
import * as RemoteControl from "@celeriac/tasks/control/RemoteControl"
import * as RpcBackend from "@celeriac/tasks/result/backends/RpcBackend"
import type { ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import * as Settings from "@celeriac/tasks/Settings"
import * as Task from "@celeriac/tasks/Task"
import * as Worker from "@celeriac/worker/Worker"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Process from "../../../../test/peers/Process.ts"
import { Wire } from "../../../../test/peers/Wire.ts"
import { quiet } from "../support.ts"

export interface At extends Omit<AmqpOptions, "url"> {
  readonly url: string
  /** The default queue of client and worker. */
  readonly queue: string
  /** How long a publish may take. */
  readonly deadline?: Duration.Input
}

const broker = ({ deadline, queue, ...amqp }: At) =>
  Client.layer.pipe(
    Layer.provideMerge(RpcBackend.layer()),
    Layer.provideMerge(Producer.layer(deadline === undefined ? {} : { deadline })),
    Layer.provideMerge(Layer.orDie(AmqpTransport.layer(amqp))),
    Layer.provideMerge(Layer.succeed(Settings.DefaultQueue, queue))
  )

/** A client alone. */
export const client = (at: At): Effect.Effect<Client.Client["Service"], never, Scope.Scope> =>
  Effect.map(Layer.build(Layer.fresh(broker(at))), Context.get(Client.Client))

/** Remote control, over a connection of its own. */
export const remote = ({ deadline: _, queue: __, ...amqp }: At) =>
  Effect.orDie(Effect.provide(RemoteControl.make, Layer.fresh(AmqpTransport.layer(amqp))))

/** A worker of this process, up when this succeeds. At the end of the scope what it runs is interrupted. */
export const worker = <E>(
  definition: Worker.Definition<E, Transport | ResultWriter>,
  at: At,
  logs: Layer.Layer<never> = quiet
) =>
  Effect.map(
    Layer.build(
      Layer.effectDiscard(Effect.flatMap(Worker.Worker, (up) => Effect.addFinalizer(() => up.terminate))).pipe(
        Layer.provideMerge(definition.layer),
        Layer.provide(Layer.fresh(broker(at))),
        Layer.provide(logs)
      )
    ),
    Context.get(Worker.Worker)
  )

let queues = 0

/** The name of a queue that no other test uses. */
export const newQueue = (what: string): string => `worker.${what}.${process.pid}.${++queues}`

/** Raw access to the broker. */
export const wire = (url: string): Effect.Effect<Wire, never, Scope.Scope> =>
  Effect.acquireRelease(Effect.promise(() => Wire.open(url)), (wire) => Effect.promise(() => wire.close()))

/** Polls, within bounds. */
export const until = (
  what: string,
  holds: () => boolean | Promise<boolean>,
  patience?: number,
  hint?: () => string
): Effect.Effect<void> => Effect.promise(() => Process.until(what, holds, patience, hint))

/** `count` numbers from 0. */
export const numbers = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, n) => n)

/** A task for journals: `n` runs for so many milliseconds. */
export const step = Task.make("it.step", {
  parameters: { n: Schema.Int, millis: Schema.Int },
  success: Schema.Int
})

/** What a worker of this process ran. Runs that are `held` do not end before the gate is open: then no fault comes too late. */
export class Journal {
  readonly starts: Array<number> = []
  readonly ends: Array<number> = []
  private readonly gate = Deferred.makeUnsafe<void>()
  private readonly held: (n: number) => boolean

  constructor(held: (n: number) => boolean = () => false) {
    this.held = held
  }

  readonly open: Effect.Effect<void> = Effect.asVoid(Deferred.succeed(this.gate, undefined))

  readonly handler = ({ millis, n }: { readonly n: number; readonly millis: number }): Effect.Effect<number> =>
    Effect.suspend(() => {
      this.starts.push(n)
      return Effect.sleep(millis).pipe(
        Effect.andThen(this.held(n) ? Deferred.await(this.gate) : Effect.void),
        Effect.andThen(Effect.sync(() => void this.ends.push(n))),
        Effect.as(n)
      )
    })

  readonly late = step.toLayer(this.handler, { acksLate: true })
  readonly early = step.toLayer(this.handler)
}

/** What a worker process is to be like: the environment of `fixtures/worker.ts`. */
export interface ProcessOptions {
  readonly url: string
  readonly queue: string
  readonly journal: string
  readonly acksLate: boolean
  readonly concurrency: number
  readonly prefetch: number
  /** Runs from this number on do not end before the journal is opened: then what the test does meanwhile never comes too late. */
  readonly held?: number
}

const fixture = fileURLToPath(new URL("fixtures/worker.ts", import.meta.url))

/** A worker in a process of its own, ready. At the end of the scope it is killed. */
export const workerProcess = (options: ProcessOptions): Effect.Effect<Process.Peer, never, Scope.Scope> =>
  Effect.suspend(() => {
    // What it has printed last may be thousands of lines later.
    let isReady = false
    const onLine = (line: string): void => {
      isReady ||= line.includes("ready.")
    }
    return Effect.tap(startProcess(options, onLine), (peer) =>
      until(
        "the worker's start",
        () => {
          if (!peer.running) throw new Error(`the worker ended while starting:\n${peer.output}`)
          return isReady
        },
        100_000,
        () => peer.output
      ))
  })

export const startProcess = (
  options: ProcessOptions,
  onLine: (line: string) => void = () => {}
): Effect.Effect<Process.Peer, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() =>
      new Process.Peer(process.execPath, [fixture], {
        onLine,
        env: {
          URL: options.url,
          QUEUE: options.queue,
          JOURNAL: options.journal,
          ACKS_LATE: String(options.acksLate),
          CONCURRENCY: String(options.concurrency),
          PREFETCH: String(options.prefetch),
          HELD: options.held === undefined ? "" : String(options.held)
        }
      })
    ),
    (peer) => Effect.promise(() => peer.stop("SIGKILL"))
  )

export interface JournalFile {
  readonly path: string
  /** The numbers of the runs that started, and of those that ended, in order. */
  readonly starts: () => ReadonlyArray<number>
  readonly ends: () => ReadonlyArray<number>
  /** Lets those end that are held. */
  readonly open: () => void
}

/** What worker processes ran, on disk: it survives whoever wrote it. */
export const journalFile: Effect.Effect<JournalFile, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "celeriac-journal-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  ),
  (folder) => {
    const path = join(folder, "journal")
    writeFileSync(path, "")
    const read = (what: string) =>
      readFileSync(path, "utf8").split("\n").filter((line) => line.startsWith(what)).map((line) =>
        Number(line.slice(what.length))
      )
    return {
      path,
      starts: () => read("start "),
      ends: () => read("end "),
      open: () => writeFileSync(`${path}.open`, "")
    }
  }
)

/** Resident, in bytes. */
export const residentBytes = (pid: number): number => {
  const kilobytes = execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" })
  return Number(kilobytes.trim()) * 1024
}

/** As a Python client writes a task, but for what the test says otherwise. */
export const taskMessage = (task: string, id: string, args: ReadonlyArray<unknown>) => ({
  body: JSON.stringify([args, {}, { callbacks: null, errbacks: null, chain: null, chord: null }]),
  options: {
    contentType: "application/json",
    contentEncoding: "utf-8",
    correlationId: id,
    headers: {
      lang: "py",
      task,
      id,
      root_id: id,
      parent_id: null,
      group: null,
      retries: 0,
      eta: null,
      expires: null,
      timelimit: [null, null]
    }
  }
})

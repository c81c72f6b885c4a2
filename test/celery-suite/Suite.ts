/**
 * Celery's own suite against a worker of this project: where the two meet, what
 * is run, and what is expected of it.
 */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import * as Command from "@celeriac/tasks/control/Command"
import { Panel } from "@celeriac/worker/control/Panel"
import { WorkerState } from "@celeriac/worker/state/WorkerState"
import * as Broker from "celeriac/Broker"
import * as Settings from "celeriac/Settings"
import * as Worker from "celeriac/Worker"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { hostname, tmpdir } from "node:os"
import { join } from "node:path"
import * as CelerySuite from "../peers/CelerySuite.ts"
import * as Certificates from "../peers/Certificates.ts"
import { RabbitMq } from "../peers/RabbitMq.ts"
import { Redis } from "../peers/Redis.ts"
import { canvasHandlers } from "./canvasTasks.ts"
import { replacedHandlers } from "./replacedTasks.ts"
import * as Store from "./Store.ts"
import { singleHandlers } from "./tasks.ts"

/** Where results are kept. */
export type Results = "redis" | "rpc"

/** Tests by name, each with the reason: `test_tasks.py::test_tasks::test_fail`, or a class or a file of them. */
type Reasons = Readonly<Record<string, string>>

interface Exceptions {
  /** Files of which no test is run. */
  readonly otherFiles: Reasons
  /** What is not run, whatever keeps the results. */
  readonly notRun: Reasons
  /** What is run only where all is. */
  readonly slow: Reasons
  /** What is run, and does not pass. */
  readonly fails: Readonly<Record<Results, Reasons>>
}

/**
 * What tests take that wait, or leave the worker with tasks that do, in seconds: so that parts of the suite end
 * together. By messages one of the waits is left out.
 */
const takes = (results: Results) => ({
  "test_tasks.py::test_tasks::test_retry": results === "redis" ? 30 : 20,
  "test_tasks.py::test_tasks::test_expired": 16,
  "test_tasks.py::test_tasks::test_revoked": 8,
  "test_tasks.py::test_tasks::test_eta": 6,
  "test_tasks.py::test_tasks::test_timeout": 10,
  "test_inspect.py::test_Inspect::test_active": 6,
  "test_inspect.py::test_Inspect::test_query_task": 6,
  "test_inspect.py::test_Inspect::test_revoked": 8,
  "test_tasks.py::test_class_based_tasks::test_class_based_task_retried": 1.5,
  "test_tasks.py::test_tasks::test_ignore_result": 1
})

export const exceptions = JSON.parse(readFileSync(new URL("exceptions.json", import.meta.url), "utf8")) as Exceptions

/** Virtual hosts of one broker: the suite wants the queue `celery` for itself. */
export const brokers = (count: number) =>
  Effect.gen(function*() {
    const names = Array.from({ length: count }, (_, index) => `suite-${index}`)
    const rabbit = yield* Effect.acquireRelease(
      Effect.promise(() => RabbitMq.start({ hosts: names })),
      (rabbit) => Effect.promise(() => rabbit.stop())
    )
    return names.map((name) => new URL(name, rabbit.url.replace(/\/*$/, "/")).href)
  })

const forgetStamps = Command.control("forget_stamps", { isVisible: false })
const fails = Command.control("pidbox_reset_error", { isVisible: false })

/** Commands that the suite has a worker for, and what it does to the process of its own. */
const Commands = Bootstep.make("SuiteCommands", {
  requires: [Panel, WorkerState],
  start: Effect.gen(function*() {
    const panel = yield* Panel
    const { revoked } = yield* WorkerState
    yield* panel.add(forgetStamps, () =>
      Effect.sync(() => {
        // Nothing but a new process forgets them: what a worker has is private.
        const those = revoked as unknown as { stamps: { constructor: new(most: number) => unknown } }
        those.stamps = new those.stamps.constructor(revoked.most) as typeof those.stamps
        return "forgotten"
      }))
    yield* panel.add(fails, () => Effect.die(new Error("pidbox reset integration test")))
  })
})

export interface Options {
  readonly broker: string
  readonly results: Results
  readonly tests: ReadonlyArray<string>
  /** For one test. */
  readonly seconds: number
  readonly shard?: CelerySuite.Options["shard"]
  /** ms. */
  readonly timeout: number
  readonly args?: ReadonlyArray<string>
  readonly onLine?: (line: string) => void
  /** Whether what is listed as not to be run is run all the same. */
  readonly all?: boolean
  /** Without what is listed as slow. */
  readonly isQuick?: boolean | undefined
  /** Whether messages are signed, by the worker and by the suite. */
  readonly isSigned?: boolean | undefined
}

/** Keys and certificates for both, in a folder that goes with the scope. */
const keys = Effect.gen(function*() {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "celery-suite-keys-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  )
  for (const [serial, name] of ["suite", "worker"].entries()) {
    const { certificate, key } = Certificates.make({ name, serial: serial + 1 })
    writeFileSync(join(folder, `${name}.key`), key, { mode: 0o600 })
    writeFileSync(join(folder, `${name}.pem`), certificate)
  }
  return folder
})

/** As the suite has its own. */
const signed = (folder: string) =>
  Settings.fromCelery({
    task_serializer: "auth",
    event_serializer: "auth",
    accept_content: ["auth"],
    result_accept_content: ["json"],
    security_key: join(folder, "worker.key"),
    security_certificate: join(folder, "worker.pem"),
    security_cert_store: join(folder, "*.pem")
  })

/** Runs tests against a worker and a Redis that are made for them. */
export const run = (
  { all = false, broker, isQuick = false, isSigned = false, results, seconds, shard = [0, 1], tests, timeout, ...more }:
    Options
) =>
  Effect.gen(function*() {
    const redis = yield* Effect.acquireRelease(
      Effect.promise(() => Redis.start()),
      (redis) => Effect.promise(() => redis.stop())
    )
    const nodename = `celery-suite@${hostname()}`
    const backend = results === "redis" ? redis.url : "rpc://"
    // The suite knows results by messages by this name alone.
    const named = results === "redis" ? redis.url : "rpc"
    const folder = isSigned ? yield* keys : undefined
    const security = folder === undefined ? {} : signed(folder)
    // As many at once as the suite's own worker has.
    const worker = Worker.make({
      nodename,
      concurrency: 1,
      tasks: [...singleHandlers, ...canvasHandlers, ...replacedHandlers],
      // What expires at the broker is dropped there, and who waits for it waits for ever: it has to come before.
      settings: { resultExtended: true, sendTaskEvents: true, prefetch: { count: 50 }, ...security },
      steps: { worker: [Commands] }
    })
    return yield* Effect.promise(() =>
      CelerySuite.run({
        broker: broker.replace("amqp://", "pyamqp://"),
        backend: named,
        redis: redis.url,
        nodename,
        tests,
        shard,
        takes: takes(results),
        without: [...(all ? [] : Object.keys(exceptions.notRun)), ...(isQuick ? Object.keys(exceptions.slow) : [])],
        seconds,
        timeout,
        keys: folder,
        ...more
      })
    ).pipe(
      Effect.provide(
        worker.layer.pipe(
          Layer.provide(Store.layer(redis.url)),
          Layer.provide(Broker.layer(broker, { results: backend, settings: security }))
        )
      ),
      Effect.provide(Logger.layer([]))
    )
  }).pipe(Effect.scoped)

const isIn = (names: ReadonlyArray<string>, test: string): boolean =>
  names.some((name) => test === name || test.startsWith(`${name}::`) || test.startsWith(`${name}[`))

/** What is not as it should be, in a run of these tests: nothing at all, if it went well. */
export const complaints = (report: CelerySuite.Report, results: Results): ReadonlyArray<string> => {
  const { chosen, collected, exitCode, outcomes, output } = report
  const listed = Object.keys(exceptions.fails[results])
  const failed = outcomes.filter(({ outcome }) => outcome === "failed")
  const ended = new Set(outcomes.map(({ test }) => test))
  const files = new Set(collected.map((test) => test.split("::", 1)[0]))
  const isHere = (name: string) => files.has(name.split("::", 1)[0])
  const said = failed.filter(({ test }) => !isIn(listed, test))
  return [
    ...(exitCode === 0 || exitCode === 1 ? [] : [`pytest ended with ${exitCode}:\n${output.slice(-4000)}`]),
    ...(collected.length === 0 ? ["no test was found"] : []),
    ...chosen.filter((test) => !ended.has(test)).map((test) => `${test} has no outcome`),
    ...said.map(({ said, test, when }) => `${test} fails in its ${when}: ${said}`),
    ...listed.filter((name) => chosen.includes(name) && !failed.some(({ test }) => test === name))
      .map((name) => `${name} is listed as one that fails, and does not fail`),
    ...[...listed, ...Object.keys(exceptions.notRun), ...Object.keys(exceptions.slow)]
      .filter((name) => isHere(name) && !collected.some((test) => isIn([name], test)))
      .map((name) => `${name} is listed, and is no test`)
  ]
}

/** What is to be run, in so many parts at once: most of the time they wait. */
export interface Part extends Pick<Options, "isQuick" | "isSigned" | "results" | "tests" | "seconds"> {
  readonly shards: number
  /** ms. Default 500 s. */
  readonly timeout?: number
}

/** Runs them all, each part against a worker of its own: what is not as it should be. */
export const complaintsOf = (parts: ReadonlyArray<Part>) =>
  Effect.gen(function*() {
    const runs = parts.flatMap(({ shards, timeout = 500_000, ...part }) =>
      Array.from({ length: shards }, (_, index) => ({ ...part, timeout, shard: [index, shards] as const }))
    )
    const hosts = yield* brokers(runs.length)
    const wrong = yield* Effect.forEach(runs, (part, index) =>
      Effect.map(
        run({ ...part, broker: hosts[index]! }),
        (report) => complaints(report, part.results)
      ), { concurrency: "unbounded" })
    return wrong.flat()
  }).pipe(Effect.scoped)

/** Files of the suite that are run; `around` a single task: beat that sends it, inspect that tells of it, a client's connection. */
export const files = {
  single: ["test_tasks.py"],
  around: ["test_inspect.py", "test_redis_backend.py", "test_beat.py"],
  canvas: ["test_canvas.py", "test_group_chains.py"],
  signed: ["test_security.py"]
} as const

/** Files of the suite that nobody has said anything of, or that are named and not there. */
export const unknownFiles = (): ReadonlyArray<string> => {
  const there = readdirSync(join(CelerySuite.sources, "t", "integration")).filter((name) => /^test_.*\.py$/.test(name))
  const said = [...Object.values(files).flat(), ...Object.keys(exceptions.otherFiles)]
  return [...there.filter((name) => !said.includes(name)), ...said.filter((name) => !there.includes(name))]
}

/**
 * What a worker shows when it starts: who it is, where it is connected to, what
 * it listens to and which tasks it runs. On stdout, as Celery's; the log is on
 * stderr.
 *
 * It stands before the first step starts; the tasks follow as soon as their
 * handlers are registered, which may use what steps provide.
 */
import * as Observer from "@celeriac/bootsteps/Observer"
import * as Transport from "@celeriac/messaging/Transport"
import * as TaskQueues from "@celeriac/tasks/Queues"
import { ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import * as TaskRegistry from "@celeriac/tasks/TaskRegistry"
import * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as StandardConsole from "../../internal/StandardConsole.ts"
import * as LogFormat from "../../LogFormat.ts"
import { packageVersion } from "../app/Version.ts"

export interface Options extends LogFormat.Options {
  readonly level: LogFormat.Level
  /** Machines get no banner. */
  readonly json: boolean
  readonly isQuiet: boolean
  /** Who named the broker. */
  readonly named: string
}

/** Shows the banner, and at the level of those who chose none says that the worker is ready, which its log would not. */
export const layer = (options: Options): Layer.Layer<never> => {
  const informs = options.level === "debug" || options.level === "info"
  let shown = options.json || options.isQuiet
  let listed = options.json || options.isQuiet || !informs
  let ready = options.level !== "warning"
  return Observer.layer(({ blueprint, phase, step }) =>
    Effect.gen(function*() {
      if (!shown && phase === "starting") {
        shown = true
        yield* Effect.flatMap(banner(options), StandardConsole.print)
      }
      if (blueprint !== "Worker" || step !== "Consumer") return
      if (!listed && phase === "starting") {
        listed = true
        yield* Effect.flatMap(tasks(options), StandardConsole.print)
      }
      if (!ready && phase === "started") {
        ready = true
        yield* readyLine(options)
      }
    })
  )
}

/** Who starts a worker wants to know that it is up. */
const readyLine = (options: Options) =>
  Effect.gen(function*() {
    const { nodename } = yield* WorkerSettings.WorkerSettings
    const line = Effect.logInfo(`${nodename} ready.`)
    yield* Effect.provide(line, LogFormat.layer({ ...options, level: "info" }))
  })

const banner = Effect.fnUntraced(function*({ named }: Options) {
  const { autoscale, concurrency, nodename, pool, queues } = yield* WorkerSettings.WorkerSettings
  const known = yield* TaskQueues.make
  const transport = yield* Effect.serviceOption(Transport.Transport)
  const results = yield* Effect.serviceOption(ResultWriter)
  const names = queues ?? [known.default, ...known.configured].map(({ alias, name }) => alias ?? name)
  return [
    "",
    `${nodename} v${packageVersion()} (celeriac)`,
    "",
    "[config]",
    `.> transport:   ${Option.match(transport, { onNone: () => "", onSome: ({ uri }) => uri })} (named by ${named})`,
    `.> results:     ${Option.match(results, { onNone: () => "", onSome: ({ uri }) => uri })}`,
    `.> concurrency: ${
      autoscale === undefined ? concurrency : `{min=${autoscale.min}, max=${autoscale.max}}`
    } (${pool})`,
    "",
    "[queues]",
    ...Array.from(new Set(names), (name) => `.> ${queueLine(known, name)}`),
    ""
  ].join("\n")
})

/** Those that every worker has are listed at debug alone. */
const tasks = ({ level }: Options) =>
  Effect.map(Effect.serviceOption(TaskRegistry.TaskRegistry), (registry) => {
    const names = Option.match(registry, { onNone: () => [], onSome: (registry) => registry.names() })
    const shown = level === "debug" ? names : names.filter((name) => !name.startsWith("celery."))
    return ["[tasks]", ...shown.map((name) => `  . ${name}`), ""].join("\n")
  })

const queueLine = (known: TaskQueues.Queues, name: string): string => {
  const binding = known.get(name)?.bindings[0]
  const exchange = binding === undefined ? "" : ` exchange=${binding.exchange.name}(${binding.exchange.type})`
  return `${name.padEnd(16)}${exchange}${binding === undefined ? "" : ` key=${binding.routingKey}`}`
}

/**
 * What a worker replies to commands about its settings: under Celery's names,
 * and no secret among them. Source: control section 3.
 *
 * @since 0.1.0
 */
import { Transport } from "@celeriac/messaging/Transport"
import * as Commands from "@celeriac/tasks/control/Commands"
import * as PythonRepr from "@celeriac/tasks/protocol/PythonRepr"
import { ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import type * as Setting from "@celeriac/tasks/Setting"
import * as TaskSettings from "@celeriac/tasks/TaskSettings"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Machine from "../../state/Machine.ts"
import * as WorkerSettings from "../../state/WorkerSettings.ts"
import * as ControlHandler from "../ControlHandler.ts"

type Table = Readonly<Record<string, unknown>>

export const make = Effect.gen(function*() {
  const values: Table = {
    ...(yield* TaskSettings.current),
    ...(yield* WorkerSettings.WorkerSettings),
    // Their own are addresses: these have no password.
    brokerUrl: asCeleryMasks((yield* Transport).uri),
    resultBackend: asCeleryMasks((yield* ResultWriter).uri)
  }
  const transport = yield* Transport

  return yield* Effect.all([
    ControlHandler.make(
      Commands.inspect.conf,
      ({ withDefaults }) => Effect.sync(() => configuration(values, withDefaults ?? false))
    ),
    ControlHandler.make(
      Commands.inspect.report,
      () => Effect.sync(() => report(configuration(values, false), transport.driver, String(values["resultBackend"])))
    )
  ])
})

/** Those that are not as they are by default, or all. */
const configuration = (values: Table, withDefaults: boolean): Table =>
  Object.fromEntries(
    Object.entries<Setting.Any>(WorkerSettings.everything).flatMap(([name, setting]) => {
      const value = shown(values[name], setting)
      return withDefaults || !isSame(value, shown(setting.default(), setting))
        ? [[setting.celery ?? name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`), value]]
        : []
    })
  )

/** What JSON has a form for; text for the rest. */
const shown = (value: unknown, { toCelery }: Setting.Any): unknown => {
  if (value === undefined) return null
  // The setting's own value.
  return plain(toCelery === undefined ? value : toCelery(value as never), deepest)
}

const deepest = 8

const mask = "********"

/** An address that has two stars for its password already. */
const asCeleryMasks = (uri: string): string => uri.replace(":**@", `:${mask}@`)

const plain = (value: unknown, levels: number): unknown => {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value
    case "number":
      return Number.isFinite(value) ? value : String(value)
    case "object":
      if (value === null) return null
      if (Redacted.isRedacted(value)) return mask
      if (levels === 0) return "..."
      if (Array.isArray(value)) return value.map((item) => plain(item, levels - 1))
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, secret.test(key) ? mask : plain(item, levels - 1)])
      )
    default:
      return String(value).slice(0, 128)
  }
}

/** Names of what Celery does not show either. */
const secret = /api|token|key$|secret|pass|signature/i

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

/** Celery's form of a bug report. */
const report = (settings: Table, driver: string, results: string): string => {
  const { swIdent, swSys, swVer } = Machine.software
  const { versions } = process
  return [
    "",
    `software -> ${swIdent}:${swVer} node:${versions.node} v8:${versions.v8 ?? ""}`,
    `platform -> system:${swSys} arch:${process.arch}`,
    `            kernel version:${Machine.release()} imp:node`,
    `settings -> transport:${driver} results:${results}`,
    "",
    ...Object.entries(settings).map(([name, value]) => `${name}: ${PythonRepr.safe(value)}`),
    ""
  ].join("\n")
}

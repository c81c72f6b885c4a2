/**
 * The settings in effect under Celery's names, without any secret, and the text
 * that goes into a bug report: what `inspect conf` and `inspect report` say of a
 * worker, and `celeriac report` of what a command would go by. Source: control
 * section 3.
 *
 * @since 0.1.0
 */
import * as PythonRepr from "@celeriac/tasks/protocol/PythonRepr"
import type * as Setting from "@celeriac/tasks/Setting"
import * as Redacted from "effect/Redacted"
import * as Machine from "../state/Machine.ts"
import * as WorkerSettings from "../state/WorkerSettings.ts"

/** Settings by our names. */
export type Table = Readonly<Record<string, unknown>>

/** Those that are not as they are by default, or all. */
export const configuration = (values: Table, withDefaults: boolean): Table =>
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
export const asCeleryMasks = (uri: string): string => uri.replace(":**@", `:${mask}@`)

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

/** What runs, on what. */
export const software = () => ({
  celeriac: Machine.software.swVer,
  node: process.versions.node,
  v8: process.versions.v8 ?? "",
  system: Machine.software.swSys,
  arch: process.arch,
  kernel: Machine.release()
})

/** Celery's form of a bug report. */
export const report = (settings: Table, driver: string, results: string): string => {
  const { arch, celeriac, kernel, node, system, v8 } = software()
  return [
    "",
    `software -> ${Machine.software.swIdent}:${celeriac} node:${node} v8:${v8}`,
    `platform -> system:${system} arch:${arch}`,
    `            kernel version:${kernel} imp:node`,
    `settings -> transport:${driver} results:${results}`,
    "",
    ...Object.entries(settings).map(([name, value]) => `${name}: ${PythonRepr.safe(value)}`),
    ""
  ].join("\n")
}

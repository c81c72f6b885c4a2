/** What a worker replied, as Celery's commands print it: programs read that. */
import * as PythonRepr from "@celeriac/tasks/protocol/PythonRepr"
import { inOneLine } from "../../internal/Harmless.ts"
import type { Style } from "../output/Style.ts"

/** A reply, as it came. */
export interface Reply {
  readonly node: string
  readonly value: unknown
}

/** The line of a node, and under it, if it is to be shown, what it said. */
export const render = (
  { node, value }: Reply,
  style: Style,
  how: { readonly isQuiet: boolean; readonly body: boolean }
) => {
  const [status, text] = pretty(value, style)
  const title = `${how.isQuiet ? "" : `${style.strong("->")} `} ${style.name(`${inOneLine(node)}: `)}${status}`
  return how.body && text !== "" ? `${title}\n${indent(text)}` : title
}

/** How many there were. */
export const online = (count: number): string => `\n${count} ${count === 1 ? "node" : "nodes"} online.`

const pretty = (value: unknown, style: Style): readonly [status: string, text: string] => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [style.ok("OK"), body(value)]
  if ("ok" in value) return [style.ok("OK"), indent(body(value.ok))]
  if ("error" in value) return [style.error("ERROR"), indent(body(value.error))]
  return [style.ok("OK"), JSON.stringify(sorted(value), null, 4)]
}

const body = (value: unknown): string => {
  if (typeof value === "string") return value
  if (Array.isArray(value)) return value.length === 0 ? "- empty -" : value.map((item) => `* ${line(item)}`).join("\n")
  return typeof value === "object" && value !== null ? JSON.stringify(sorted(value), null, 4) : PythonRepr.repr(value)
}

/** Text as it is, the rest as Python prints it. */
export const line = (value: unknown): string => typeof value === "string" ? value : PythonRepr.repr(value)

const indent = (text: string): string => text.split("\n").map((line) => `    ${line}`).join("\n")

/** By their keys, all the way down. */
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value).toSorted(([one], [other]) => one < other ? -1 : 1).map(([key, item]) => [key, sorted(item)])
  )
}

/** The long texts of the monitor, to be scrolled: all of one task, and the keys. */
import * as Keys from "./Keys.ts"
import { empty, fit, harmless, type Line, line, span, type Tone, wrap } from "./Line.ts"
import type { Model } from "./Model.ts"
import * as Parts from "./Parts.ts"
import type { Detail } from "./Snapshot.ts"

/** Of the screen that is shown. */
export const of = (model: Model): ReadonlyArray<Line> => {
  const { screen, size, snapshot: { detail } } = model
  if (screen === "help") return ofKeys(size.columns)
  return detail === undefined ? [line(span(gone, "warning"))] : ofTask(detail, size.columns).lines
}

const gone = " Nothing is known of this task any more."

export interface TaskText {
  readonly lines: ReadonlyArray<Line>
  /** The line at which a part begins. */
  readonly marks: Partial<Readonly<Record<Parts.Part, number>>>
}

/** How wide the names of what is known are. */
const margin = 14

export const ofTask = (detail: Detail, columns: number): TaskText => {
  const { view } = detail
  const lines: Array<Line> = []
  const marks: { [K in Parts.Part]?: number } = {}
  const width = Math.max(8, columns - 2)
  const part = (name: Parts.Part, body: ReadonlyArray<Line>) => {
    if (body.length === 0) return
    if (lines.length > 0) lines.push(empty)
    marks[name] = lines.length
    lines.push(line(span(` ${name}`, "strong")), ...body)
  }
  const text = (value: string | undefined, tone: Tone = "plain") =>
    value === undefined || value === "" ? [] : wrap(value, width - 1).map((text) => line(span(`  ${text}`, tone)))
  part("Task", ofFields(detail, width))
  part("Result", view.exception === undefined ? text(view.result) : text(view.exception, "error"))
  part("Traceback", text(view.traceback))
  part(
    "Children",
    detail.children.map((child) =>
      line(
        span("  "),
        Parts.ofState(child.state, (text) => fit(text, 11)),
        span(`${harmless(child.uuid)} `),
        span(harmless(child.name), "name")
      )
    )
  )
  return { lines, marks }
}

const ofFields = ({ name, state, view }: Detail, width: number): ReadonlyArray<Line> => {
  const fields: ReadonlyArray<readonly [name: string, value: string | undefined, tone?: Tone | undefined]> = [
    ["name", name, "name"],
    ["id", view.uuid],
    ["state", state],
    ["args", view.args],
    ["kwargs", view.kwargs],
    ["worker", view.worker],
    ["client", view.client],
    ["queue", view.queue],
    ["exchange", view.exchange],
    ["routing key", view.routingKey],
    ["retries", view.retries === undefined || view.retries === 0 ? undefined : String(view.retries)],
    ["eta", view.eta],
    ["expires", view.expires],
    ["runtime", Parts.duration(view.runtime)],
    ["times", timesOf(view)],
    ["parent", view.parentId],
    ["root", view.rootId === view.uuid ? undefined : view.rootId],
    ["requeued", view.requeue === undefined ? undefined : yes(view.requeue)],
    ["terminated", view.terminated === undefined ? undefined : `${yes(view.terminated)} ${view.signum ?? ""}`.trim()],
    ["expired", view.expired === undefined ? undefined : yes(view.expired)],
    ...Object.entries(view.custom).map(([name, value]) => [name, JSON.stringify(value)] as const)
  ]
  return fields.flatMap(([name, value, tone]) => {
    if (value === undefined || value === "") return []
    return wrap(value, Math.max(8, width - margin)).map((text, index) =>
      line(
        span(`  ${fit(index === 0 ? harmless(name) : "", margin - 2)} `, "faint"),
        name === "state" ? Parts.ofState(text, (text) => text) : span(text, tone)
      )
    )
  })
}

const yes = (value: boolean): string => value ? "yes" : "no"

/** What came when, and how long after what came before. */
const timesOf = (view: Detail["view"]): string => {
  const steps = ["sent", "received", "started", "retried", "succeeded", "failed", "revoked", "rejected"] as const
  const times = steps.flatMap((step) => view[step] === undefined ? [] : [[step, view[step]] as const])
    .toSorted(([, one], [, other]) => one - other)
  return times.map(([step, time], index) => {
    const before = times[index - 1]?.[1]
    return `${step} ${Parts.clock(time)}${
      before === undefined ? "" : ` (+${Parts.duration(Math.max(0, time - before))})`
    }`
  }).join(", ")
}

const ofKeys = (columns: number): ReadonlyArray<Line> => [
  line(span(" Keys", "strong")),
  ...Keys.table.flatMap(({ doc, shown }) =>
    wrap(doc, Math.max(8, columns - 14)).map((text, index) =>
      line(span(`  ${fit(index === 0 ? shown : "", 9)} `, "key"), span(text))
    )
  ),
  empty,
  line(span(" States", "strong")),
  ...["PENDING", "RECEIVED", "STARTED", "SUCCESS", "FAILURE", "RETRY", "REVOKED", "REJECTED"].map((state) =>
    line(span("  "), Parts.ofState(state, (text) => fit(text, 11)), span(stateDocs[state] ?? "", "faint"))
  )
]

const stateDocs: Readonly<Record<string, string>> = {
  PENDING: "sent; no worker has told of it",
  RECEIVED: "a worker has it",
  STARTED: "it runs",
  SUCCESS: "it ended well",
  FAILURE: "it failed for good",
  RETRY: "it failed, and will be tried again",
  REVOKED: "it will not run, or was ended",
  REJECTED: "its message was refused"
}

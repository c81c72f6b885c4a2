/** The lines of the monitor's screen: as many as it has rows, none wider than it. */
import { sparkline } from "./EventRate.ts"
import {
  bar,
  chosen,
  cut,
  cutLine,
  cutStart,
  empty,
  ends,
  fit,
  fitRight,
  harmless,
  type Line,
  line,
  lineWidth,
  type Span,
  span
} from "./Line.ts"
import * as Model from "./Model.ts"
import * as Parts from "./Parts.ts"
import type { TaskRow, WorkerRow } from "./Snapshot.ts"
import * as Text from "./Text.ts"

export const view = (model: Model.Model): ReadonlyArray<Line> => {
  const { columns, rows } = model.size
  const body = model.screen === "list" ? list(model, rows - 2) : Text.of(model).slice(model.scroll)
  const lines = rows < 2 ? [footer(model)] : [header(model), ...padded(body, rows - 2), footer(model)]
  return lines.slice(0, Math.max(0, rows)).map((line) => cutLine(line, columns))
}

const padded = (lines: ReadonlyArray<Line>, count: number): ReadonlyArray<Line> =>
  Array.from({ length: count }, (_, row) => lines[row] ?? empty)

const header = ({ isPaused, size: { columns }, snapshot, uri }: Model.Model): Line => {
  const alive = snapshot.workers.filter(({ isAlive }) => isAlive).length
  const now = Parts.clock(snapshot.now)
  const last = snapshot.rate.at(-1) ?? 0
  const drawing = sparkline(snapshot.rate.slice(columns >= 100 ? -30 : -8))
  const right = [
    span(`${alive}/${snapshot.workers.length} workers  ${Parts.number(snapshot.received)} tasks  `),
    span(`${Parts.number(last)}/s ${drawing}  `),
    isPaused ? span("PAUSED ", "strong") : span(`${now} `)
  ]
  const left = span(" celeriac events  ", "strong")
  const short = [span(`${alive}/${snapshot.workers.length} workers  ${Parts.number(last)}/s  `), right[2]!]
  const fits = (spans: ReadonlyArray<Span>) => spans.reduce((sum, { text }) => sum + text.length, 18) < columns
  const end = fits(right) ? right : short
  const room = columns - 20 - end.reduce((sum, { text }) => sum + text.length, 0)
  const broker = harmless(uri.replace(/\/\/[^@/]*@/, "//"))
  const middle = room < Math.min(16, broker.length) ? [] : [span(cut(broker, room))]
  return bar(...ends([left, ...middle], end, columns))
}

const list = (model: Model.Model, rows: number): ReadonlyArray<Line> => {
  const workers = workersOf(model, rows)
  return [...workers, ...tasksOf(model, rows - workers.length)]
}

/** As many as are there, and no more than a third of the screen; none on a small one. */
const workersOf = (model: Model.Model, rows: number): ReadonlyArray<Line> => {
  const { size: { columns }, snapshot: { workers } } = model
  const most = Math.floor(rows / 3) - 1
  if (most < 1) return []
  const shown = model.focus === "workers" ? Model.chosenWorker(model) : undefined
  const from = start(workers.findIndex((worker) => worker === shown), most, workers.length)
  const left = workers.length - from - most
  const lines = workers.slice(from, from + most).map((worker) => workerLine(worker, columns, model, worker === shown))
  const more = left > 0 && most > 1 ? [...lines.slice(0, -1), line(span(`    and ${left + 1} more`, "faint"))] : lines
  const nobody = line(span("  No worker was heard of yet.", "faint"))
  return [heading(workerColumns(columns)), ...workers.length === 0 ? [nobody] : more, empty]
}

/** The first of a list that is seen, so that the chosen one is. */
const start = (at: number, height: number, count: number): number =>
  at < height ? 0 : Math.min(at - Math.floor(height / 2), Math.max(0, count - height))

interface Column<in A> {
  readonly head: string
  readonly width: number
  readonly right?: boolean | undefined
  readonly cell: (row: A) => Span
}

/** A column takes what is left where it has no width of its own. */
const laid = <A>(columns: ReadonlyArray<Column<A> | false>, screen: number): ReadonlyArray<Column<A>> => {
  const kept = columns.filter((column) => column !== false)
  const fixed = kept.reduce((sum, { width }) => sum + Math.max(0, width) + 2, 2)
  const shares = kept.reduce((sum, { width }) => sum + Math.max(0, -width), 0)
  const room = Math.max(4, screen - fixed)
  const widthOf = (width: number) => width >= 0 ? width : Math.floor((room * -width) / shares)
  return kept.map(({ cell, head, right, width }) => ({ cell, head, right, width: widthOf(width) }))
}

const workerColumns = (screen: number): ReadonlyArray<Column<WorkerRow & { readonly now: number }>> =>
  laid([
    {
      head: "WORKER",
      width: -1,
      cell: ({ hostname, isAlive }) => span(`${isAlive ? "●" : "○"} ${harmless(hostname)}`, isAlive ? "ok" : "error")
    },
    {
      head: "ACTIVE",
      width: 6,
      right: true,
      cell: ({ active }) => span(Parts.number(active), active === 0 ? "plain" : "busy")
    },
    screen >= 44 &&
    { head: "PROCESSED", width: 11, right: true, cell: ({ processed }) => span(Parts.number(processed)) },
    screen >= 60 && {
      head: "LOAD",
      width: 15,
      right: true,
      cell: ({ load }) =>
        span(load.slice(0, 3).map((value) => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)).join(" "))
    },
    screen >= 72 && {
      head: "HEARD",
      width: 8,
      right: true,
      cell: ({ heard, isAlive, now }) => span(ago(now - (heard ?? NaN)), isAlive ? "faint" : "error")
    },
    screen >= 100 && { head: "SOFTWARE", width: 20, cell: ({ software }) => span(harmless(software), "faint") }
  ], screen)

const ago = (seconds: number): string => {
  if (!Number.isFinite(seconds)) return "gone"
  return seconds < 1 ? "now" : seconds < 60 ? `${Math.floor(seconds)}s ago` : Parts.duration(seconds)
}

const workerLine = (worker: WorkerRow, screen: number, { only, snapshot: { now } }: Model.Model, isChosen: boolean) =>
  row(workerColumns(screen), { ...worker, now }, isChosen ? "▸" : only === worker.hostname ? "·" : " ", isChosen)

const taskColumns = (screen: number): ReadonlyArray<Column<TaskRow>> =>
  laid([
    { head: "STATE", width: 10, cell: ({ state }) => Parts.ofState(harmless(state), (text) => text) },
    screen >= 40 && { head: "TIME", width: 8, cell: ({ timestamp }) => span(Parts.clock(timestamp), "faint") },
    screen >= 66 && { head: "RUNTIME", width: 7, right: true, cell: ({ runtime }) => span(Parts.duration(runtime)) },
    { head: "NAME", width: -3, cell: ({ name }) => name === "" ? span("?", "faint") : span(harmless(name), "name") },
    screen >= 110 && { head: "ARGS", width: -3, cell: ({ args }) => span(harmless(args)) },
    screen >= 52 && { head: "WORKER", width: -2, cell: ({ worker }) => span(harmless(worker)) },
    screen >= 80 && {
      head: "ID",
      width: screen >= 124 ? 36 : 8,
      cell: ({ uuid }) => span(harmless(screen >= 124 ? uuid : uuid.slice(0, 8)), "faint")
    }
  ], screen)

const tasksOf = (model: Model.Model, rows: number): ReadonlyArray<Line> => {
  const { filter, only, size: { columns }, snapshot: { tasks } } = model
  if (tasks.length === 0) return [heading(taskColumns(columns)), line(span(nothing(filter, only), "faint"))]
  const shown = model.focus === "tasks" ? Model.chosenTask(model) : undefined
  const height = Math.max(1, rows - 1)
  const from = start(tasks.findIndex((task) => task === shown), height, tasks.length)
  return [
    heading(taskColumns(columns), model.sort),
    ...tasks.slice(from, from + height).map((task) =>
      row(taskColumns(columns), task, task === shown ? "▸" : " ", task === shown)
    )
  ]
}

const nothing = (filter: string, only: string | undefined): string =>
  filter === "" && only === undefined
    ? "  No task was heard of yet. Workers tell of tasks with -E; e asks them to."
    : "  No task fits. Esc shows all."

const heading = (columns: ReadonlyArray<Pick<Column<never>, "head" | "right" | "width">>, sort?: string): Line =>
  line(
    span("  "),
    ...columns.map(({ head, right, width }) => {
      const text = head.toLowerCase() === sort ? `${head} ↓` : head
      return span(`${right ? fitRight(text, width) : fit(text, width)}  `, "strong")
    })
  )

const row = <A>(columns: ReadonlyArray<Column<A>>, of: A, mark: string, isChosen: boolean): Line => {
  const cells = columns.map(({ cell, right, width }) => {
    const { text, tone } = cell(of)
    return span(`${right ? fitRight(text, width) : fit(text, width)}  `, tone)
  })
  return (isChosen ? chosen : line)(span(`${mark} `, "key"), ...cells)
}

const footer = (model: Model.Model): Line => {
  const { asking, message, size: { columns } } = model
  if (asking !== undefined) return asked(asking, columns)
  if (message !== undefined) return line(span(` ${message.text}`, message.tone))
  const said = state(model)
  return line(...said, ...hints(model, columns - lineWidth(line(...said))))
}

const asked = (asking: Model.Asking, columns: number): Line => {
  switch (asking._tag) {
    case "Filter":
      return typed(" Filter: ", asking.text, columns)
    case "RateLimit":
      return typed(` Rate limit of ${harmless(asking.task)} (10/s, 5/m, 0 is none): `, asking.text, columns)
    case "Revoke":
      return line(
        span(
          ` ${asking.terminate ? "Terminate" : "Revoke"} ${harmless(asking.task.name)} ${harmless(asking.task.uuid)}? `,
          "warning"
        ),
        span("y", "key"),
        span(" yes, any other key no")
      )
  }
}

/** The end of what is typed is seen. */
const typed = (question: string, text: string, columns: number): Line => {
  const asked = cut(question, Math.max(0, columns - 12))
  return line(span(asked, "strong"), span(cutStart(text, Math.max(1, columns - asked.length - 1))), span("█"))
}

type Hint = readonly [key: string, what: string]

/** Those of the screen, as many as fit; the last ones first of all. */
const hints = ({ focus, screen }: Model.Model, width: number): ReadonlyArray<Span> => {
  const all = screen === "list" ? focus === "tasks" ? ofTasks : ofWorkers : screen === "help" ? ofHelp : ofDetail
  const sizeOf = (some: ReadonlyArray<Hint>) => some.reduce((sum, [key, what]) => sum + key.length + what.length + 3, 0)
  const last = all.slice(-2)
  const first = all.slice(0, -2)
  while (first.length > 0 && sizeOf(first) + sizeOf(last) > width) first.pop()
  return [...first, ...last].flatMap(([key, what]) => [span(` ${key}`, "key"), span(` ${what} `, "faint")])
}

const ofHelp: ReadonlyArray<Hint> = [["↑↓", "scroll"], ["Esc", "back"]]

const ofDetail: ReadonlyArray<Hint> = [
  ["r", "result"],
  ["t", "traceback"],
  ["c", "revoke"],
  ["x", "terminate"],
  ["l", "limit"],
  ["↑↓", "scroll"],
  ["Esc", "back"]
]

const ofWorkers: ReadonlyArray<Hint> = [
  ["⏎", "its tasks"],
  ["Tab", "to tasks"],
  ["e", "events on"],
  ["?", "help"],
  ["q", "quit"]
]

const ofTasks: ReadonlyArray<Hint> = [
  ["⏎", "info"],
  ["/", "filter"],
  ["s", "sort"],
  ["p", "pause"],
  ["c", "revoke"],
  ["l", "limit"],
  ["Tab", "workers"],
  ["?", "help"],
  ["q", "quit"]
]

const state = ({ filter, only, screen, snapshot: { tasks } }: Model.Model): ReadonlyArray<Span> => {
  if (screen !== "list") return []
  const said = [...filter === "" ? [] : [`/${filter}`], ...only === undefined ? [] : [only]].map(harmless)
  return said.length === 0 ? [] : [span(` ${cut(said.join(" "), 40)} (${Parts.number(tasks.length)}) `, "warning")]
}

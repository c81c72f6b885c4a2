/**
 * What a key, a reply or a moment makes of the monitor: the next model, and what
 * is to be done outside of it.
 */
import * as RateLimit from "@celeriac/tasks/RateLimit"
import * as Result from "effect/Result"
import * as Keys from "./Keys.ts"
import { harmless, type Tone } from "./Line.ts"
import * as Model from "./Model.ts"
import type { Part } from "./Parts.ts"
import * as Snapshot from "./Snapshot.ts"
import * as Text from "./Text.ts"

/** What the world is asked for. */
export type Action =
  | { readonly _tag: "Quit" }
  /** The whole screen, whatever is there. */
  | { readonly _tag: "Redraw" }
  /** A snapshot that fits what is asked for. */
  | { readonly _tag: "Refresh" }
  | { readonly _tag: "Revoke"; readonly id: string; readonly terminate: boolean }
  | { readonly _tag: "RateLimit"; readonly name: string; readonly limit: string }
  | { readonly _tag: "EnableEvents" }

export type Next = readonly [model: Model.Model, actions: ReadonlyArray<Action>]

const stay = (model: Model.Model): Next => [model, []]

/** A moment has come. What stands still takes of it the time alone, unless it was asked for. */
export const seen = (model: Model.Model, snapshot: Snapshot.Snapshot, isAsked = false): Model.Model => {
  const { detail, events, now, rate, received } = snapshot
  const { message } = model
  return scrolledTo({
    ...model,
    snapshot: model.isPaused && !isAsked ? { ...model.snapshot, now, events, received, rate, detail } : snapshot,
    message: message !== undefined && message.until <= now ? undefined : message
  })
}

export const resized = (model: Model.Model, size: Model.Size): Next => {
  const next = { ...model, size }
  return [{ ...next, scroll: Math.min(model.scroll, lastScroll(next)) }, [{ _tag: "Redraw" }]]
}

/** Something is to be said. */
export const told = (model: Model.Model, text: string, tone: Tone = "plain", stays = false): Model.Model => ({
  ...model,
  message: { text: harmless(text), tone, until: stays ? Infinity : model.snapshot.now + 6 }
})

export const pressed = (model: Model.Model, key: Keys.Key): Next => {
  if (key.ctrl && key.name === "c") return [model, [{ _tag: "Quit" }]]
  if (model.asking !== undefined) return answered(model, model.asking, key)
  const doing = Keys.doingOf(key)
  if (doing === undefined) return stay(model)
  const quiet = { ...model, message: undefined }
  return model.screen === "list" ? inList(quiet, doing) : inText(quiet, doing)
}

const inList = (model: Model.Model, doing: Keys.Doing): Next => {
  switch (doing) {
    case "focus":
      return stay({ ...model, focus: model.focus === "tasks" ? "workers" : "tasks" })
    case "info":
      return model.focus === "tasks" ? opened(model, "Task") : onlyOf(model)
    case "traceback":
      return opened(model, "Traceback")
    case "result":
      return opened(model, "Result")
    case "back":
      return refreshed({ ...model, filter: "", only: undefined, task: undefined, focus: "tasks" })
    case "up":
    case "down":
    case "pageUp":
    case "pageDown":
    case "first":
    case "last":
      return stay(model.focus === "tasks" ? amongTasks(model, doing) : amongWorkers(model, doing))
    default:
      return anywhere(model, doing)
  }
}

const inText = (model: Model.Model, doing: Keys.Doing): Next => {
  switch (doing) {
    case "back":
    case "quit":
    case "info":
      return refreshed(closed(model))
    case "help":
      return model.screen === "help" ? refreshed(closed(model)) : anywhere(model, doing)
    case "traceback":
      return stay(scrolledTo({ ...model, part: "Traceback" }))
    case "result":
      return stay(scrolledTo({ ...model, part: "Result" }))
    case "up":
    case "down":
    case "pageUp":
    case "pageDown":
    case "first":
    case "last":
      return stay({ ...model, scroll: moved(doing, model.scroll, lastScroll(model), heightOf(model)) })
    default:
      return model.screen === "help" ? stay(model) : anywhere(model, doing)
  }
}

const closed = (model: Model.Model): Model.Model => ({ ...model, screen: "list", scroll: 0, part: undefined })

const anywhere = (model: Model.Model, doing: Keys.Doing): Next => {
  const task = Model.chosenTask(model)
  switch (doing) {
    case "quit":
      return [model, [{ _tag: "Quit" }]]
    case "redraw":
      return [model, [{ _tag: "Redraw" }]]
    case "help":
      return stay({ ...model, screen: "help", scroll: 0 })
    case "pause":
      return refreshed({ ...model, isPaused: !model.isPaused })
    case "sort": {
      const next = Snapshot.sorts[(Snapshot.sorts.indexOf(model.sort) + 1) % Snapshot.sorts.length]!
      return refreshed({ ...model, sort: next, task: undefined })
    }
    case "filter":
      return stay({ ...model, screen: "list", asking: { _tag: "Filter", text: model.filter, before: model.filter } })
    case "enableEvents":
      return [model, [{ _tag: "EnableEvents" }]]
    case "revoke":
    case "terminate":
      return task === undefined
        ? stay(told(model, "No task is chosen", "warning"))
        : stay({ ...model, asking: { _tag: "Revoke", terminate: doing === "terminate", task } })
    case "rateLimit":
      return task === undefined || task.name === ""
        ? stay(told(model, "The name of the task is not known", "warning"))
        : stay({ ...model, asking: { _tag: "RateLimit", text: "", task: task.name } })
    default:
      return stay(model)
  }
}

const refreshed = (model: Model.Model): Next => [model, [{ _tag: "Refresh" }]]

/** Where the part begins is known when all of the task is. */
const opened = (model: Model.Model, part: Part): Next => {
  const task = Model.chosenTask(model)
  return task === undefined
    ? stay(told(model, "No task is chosen", "warning"))
    : refreshed({ ...model, screen: "detail", task: task.uuid, scroll: 0, part })
}

const scrolledTo = (model: Model.Model): Model.Model => {
  const { detail } = model.snapshot
  if (model.part === undefined || detail === undefined || model.screen !== "detail") return model
  const { marks } = Text.ofTask(detail, model.size.columns)
  const mark = marks[model.part]
  const next = { ...model, part: undefined, scroll: Math.min(mark ?? 0, lastScroll(model)) }
  return mark === undefined ? told(next, `There is no ${model.part.toLowerCase()}`, "warning") : next
}

/** How many lines of a text are seen. */
const heightOf = ({ size }: Model.Model): number => Math.max(1, size.rows - 2)

const lastScroll = (model: Model.Model): number => Math.max(0, Text.of(model).length - heightOf(model))

/** The tasks of the worker that is chosen alone; of the same once more, all. */
const onlyOf = (model: Model.Model): Next => {
  const worker = Model.chosenWorker(model)?.hostname
  return refreshed({ ...model, only: model.only === worker ? undefined : worker, focus: "tasks", task: undefined })
}

type Way = "up" | "down" | "pageUp" | "pageDown" | "first" | "last"

const moved = (way: Way, from: number, last: number, page: number): number => {
  const steps = { up: -1, down: 1, pageUp: -page, pageDown: page, first: -Infinity, last: Infinity }
  return Math.max(0, Math.min(last, from + steps[way]))
}

/** The one that is chosen stays so, wherever it goes. The first is whichever comes. */
const amongTasks = (model: Model.Model, way: Way): Model.Model => {
  const { tasks } = model.snapshot
  const from = Math.max(0, tasks.findIndex(({ uuid }) => uuid === model.task))
  const to = moved(way, from, tasks.length - 1, Math.max(1, model.size.rows - 8))
  return { ...model, task: way === "first" ? undefined : tasks[to]?.uuid }
}

const amongWorkers = (model: Model.Model, way: Way): Model.Model => {
  const { workers } = model.snapshot
  const from = Math.max(0, workers.findIndex(({ hostname }) => hostname === model.worker))
  const to = moved(way, from, workers.length - 1, 4)
  return { ...model, worker: workers[to]?.hostname }
}

/** A key for what is typed on the last line. */
const answered = (model: Model.Model, asking: Model.Asking, { ctrl, name, text = "" }: Keys.Key): Next => {
  const done = { ...model, asking: undefined }
  if (asking._tag === "Revoke") {
    return text.toLowerCase() === "y"
      ? [done, [{ _tag: "Revoke", id: asking.task.uuid, terminate: asking.terminate }]]
      : stay(told(done, "Nothing was done"))
  }
  if (name === "escape") return asking._tag === "Filter" ? refreshed({ ...done, filter: asking.before }) : stay(done)
  if (name === "return" || name === "enter") return entered(done, asking)
  const next = edited(asking.text, name, ctrl, text)
  if (next === undefined) return stay(model)
  // What is looked for is seen while it is typed.
  return asking._tag === "Filter"
    ? refreshed({ ...model, filter: next, task: undefined, asking: { ...asking, text: next } })
    : stay({ ...model, asking: { ...asking, text: next } })
}

const entered = (model: Model.Model, asking: Exclude<Model.Asking, { readonly _tag: "Revoke" }>): Next => {
  if (asking._tag === "Filter") return refreshed({ ...model, filter: asking.text.trim() })
  const limit = asking.text.trim()
  const read = RateLimit.parse(limit)
  if (limit === "" || Result.isFailure(read)) {
    return stay(
      told(model, limit === "" ? "Nothing was changed" : `${limit} is no rate limit: 10/s, 5/m, 100/h, 0`, "warning")
    )
  }
  return [model, [{ _tag: "RateLimit", name: asking.task, limit }]]
}

/** As much as fits on a line. */
const longest = 200

const edited = (text: string, name: string, ctrl: boolean, typed: string): string | undefined => {
  if (name === "backspace") return Array.from(text).slice(0, -1).join("")
  if (ctrl) return name === "u" ? "" : name === "w" ? text.replace(/\S*\s*$/, "") : undefined
  return typed === "" || harmless(typed) !== typed || text.length + typed.length > longest ? undefined : text + typed
}

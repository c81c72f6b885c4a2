/**
 * What a line of the log tells of a task, in fields: for formats that have
 * fields, and for loggers of others, which get them as annotations.
 *
 * Whoever writes a line says whom it is about, and no more. The fields are made
 * where they are written: a log that is text costs none.
 *
 * Source: names are Celery's, `task_name` and `task_id` of its `TaskFormatter`,
 * the others of what it hands to handlers as `data`, and of its events.
 *
 * @since 0.1.0
 */
import { TaskContext } from "@celeriac/tasks/TaskContext"
import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import type * as Logger from "effect/Logger"
import * as References from "effect/References"

/** What is undefined is not known: no field of that name is written. */
export type Fields = Readonly<Record<string, unknown>>

/** A task that a line is about: a request of any kind, or what has crossed from a child. */
export interface About {
  readonly task: string | undefined
  readonly id: string | undefined
  /** The node that runs it. */
  readonly hostname?: string | undefined
  /** Where it was delivered from. */
  readonly queue?: string | undefined
  readonly retries?: number | undefined
  readonly rootId?: string | undefined
  readonly parentId?: string | undefined
  readonly group?: string | undefined
}

/** The task that wrote a line which comes from elsewhere, such as a child of a pool. */
export const TaskOfLine: Context.Reference<About | undefined> = Context.Reference<About | undefined>(
  "@celeriac/worker/state/LogFields/TaskOfLine",
  { defaultValue: () => undefined }
)

/** What the worker tells of a task in a line of its own. */
export const FieldsOfLine: Context.Reference<(() => Fields) | undefined> = Context.Reference<
  (() => Fields) | undefined
>("@celeriac/worker/state/LogFields/FieldsOfLine", { defaultValue: () => undefined })

/** The task that writes, if one does. */
export const writer = (fiber: Fiber.Fiber<unknown, unknown>): About | undefined =>
  Context.getOrUndefined(fiber.context, TaskContext) ?? fiber.getRef(TaskOfLine)

/** What can cross to another process of a task that writes. */
export const portable = ({ group, hostname, id, parentId, retries, rootId, task }: About): About => ({
  task,
  id,
  hostname,
  retries,
  rootId,
  parentId,
  group
})

/** What every line has that is about a task. */
export const ofTask = (about: About): Fields => ({
  task_name: about.task,
  task_id: about.id,
  hostname: about.hostname,
  queue: about.queue,
  retries: about.retries,
  root_id: about.rootId,
  parent_id: about.parentId,
  group: about.group
})

/** Of the line that this fiber writes; undefined where it is about no task. */
export const ofFiber = (fiber: Fiber.Fiber<unknown, unknown>): Fields | undefined => {
  const fields = fiber.getRef(FieldsOfLine)
  if (fields !== undefined) return fields()
  const about = writer(fiber)
  return about === undefined ? undefined : ofTask(about)
}

/** What whoever writes the line has annotated it with: without fields, though they are annotations here. */
export const annotations = (fiber: Fiber.Fiber<unknown, unknown>): Fields =>
  fiber.getRef(Annotated) ?? fiber.getRef(References.CurrentLogAnnotations)

/** Where fields are annotations: those that there were before. */
const Annotated = Context.Reference<Fields | undefined>("@celeriac/worker/state/LogFields/Annotated", {
  defaultValue: () => undefined
})

/** A logger that reads fields itself, or is for people and has none. */
export const asOwn = <L extends Logger.Logger<never, unknown>>(logger: L, reads: "fields" | "text"): L => {
  ;(reads === "text" ? texts : readers).add(logger)
  return logger
}

/** Effect's own are for people too. */
const texts = new WeakSet<object>(References.CurrentLoggers.defaultValue())
const readers = new WeakSet<object>()

/** Whether any of them has a use for fields. */
export const areRead = (loggers: ReadonlySet<object>): boolean =>
  Array.from(loggers).some((logger) => !texts.has(logger))

/** The same loggers, and those of others find the fields among the annotations. */
export const annotating = (
  loggers: ReadonlySet<Logger.Logger<unknown, unknown>>
): ReadonlySet<Logger.Logger<unknown, unknown>> =>
  new Set(Array.from(loggers, (logger) => texts.has(logger) || readers.has(logger) ? logger : annotated(logger)))

const annotated = (logger: Logger.Logger<unknown, unknown>): Logger.Logger<unknown, unknown> =>
  asOwn(
    Object.assign(Object.create(Object.getPrototypeOf(logger)), logger, {
      log: (options: Logger.Options<unknown>) => {
        const fields = ofFiber(options.fiber)
        return logger.log(fields === undefined ? options : { ...options, fiber: seen(options.fiber, fields) })
      }
    }),
    "fields"
  )

/** The fiber as a logger sees it: what it annotates itself comes first. */
const seen = (fiber: Fiber.Fiber<unknown, unknown>, fields: Fields): Fiber.Fiber<unknown, unknown> => {
  const own = annotations(fiber)
  const context = fiber.context.pipe(
    Context.add(References.CurrentLogAnnotations, { ...known(fields), ...own }),
    Context.add(Annotated, own)
  )
  return Object.create(fiber, { context: { value: context, enumerable: true } }) // all else is the fiber's
}

const known = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

/** Hears what monitors are told of tasks, here and by Celery, and makes it comparable. */
import { Transport } from "@celeriac/messaging/Transport"
import * as Event from "@celeriac/tasks/event/Event"
import * as EventReceiver from "@celeriac/tasks/event/EventReceiver"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const heard: Array<Event.OfTaskEvent> = []

/** Tells what it hears of tasks. */
export const monitor = Layer.effectDiscard(Effect.gen(function*() {
  const channel = yield* (yield* (yield* Transport).connect({ name: "monitor" })).openChannel()
  yield* EventReceiver.consume(channel, (event) => {
    if (Event.isOfTask(event)) heard.push(event)
  })
}))

/** Nothing of these is the same twice, or on two machines. */
const ofItsOwn = new Set([
  ...["uuid", "clock", "timestamp", "localReceived", "pid", "hostname", "utcoffset", "rootId", "runtime"],
  ...["_tag", "parentId", "eta", "expires"]
])

export interface Told {
  readonly type: string
  readonly exception?: string
  readonly traceback?: string
}

/** What monitors are told of a task, in order. */
export const eventsOf = (id: string): ReadonlyArray<Told> =>
  heard.filter((event) => event.uuid === id).map((event) => {
    const fields = Object.entries(event).filter(([field, value]) => value !== undefined && !ofItsOwn.has(field))
    // What it has beside its type is compared, and not read.
    return Object.fromEntries(
      fields.map(([field, value]) => [field, field === "traceback" ? typeof value : value])
    ) as unknown as Told
  })

/**
 * What the order and the number of events is with Celery by chance or by
 * mistake: an attempt may be told of before the retry that led to it, and a hard
 * limit, of so many seconds, is told of twice (5.7.0), without its exception.
 */
export const comparable = (events: ReadonlyArray<Told>, hard = 1) => ({
  retries: events.filter(({ type }) => type === "task-retried"),
  others: events.filter((event, i) => {
    const next = events[i + 1]
    return event.type !== "task-retried" && (event.type !== "task-failed" || next?.type !== "task-failed")
  }).map((event) => JSON.stringify(event).replace("ExceptionWithTraceback()", `TimeLimitExceeded(${hard})`))
})

/** The end has been told of, and each retry that led to it. */
export const isOver = (events: ReadonlyArray<Told>, last: string): boolean => {
  const count = (type: string) => events.filter((event) => event.type === type).length
  return count(last) > 0 && count("task-started") <= count("task-retried") + 1
}

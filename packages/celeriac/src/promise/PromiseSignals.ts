/**
 * Celery's signals with functions: see `TaskSignals`, `WorkerSignals` and
 * `PublishSignals`, whose names and moments they have.
 */
import type { Message } from "@celeriac/messaging/Message"
import * as PublishSignals from "@celeriac/tasks/PublishSignals"
import * as TaskSignals from "@celeriac/worker/execution/TaskSignals"
import * as WorkerSignals from "@celeriac/worker/state/WorkerSignals"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

type Called<S> = {
  readonly [K in keyof S]-?: (...args: Parameters<Extract<S[K], (...args: never) => unknown>>) => unknown
}

/**
 * All of them. Each may be asynchronous, but for `beforeTaskPublish`, which may
 * give another message; what they throw is logged, and harms nothing.
 */
export interface Signals
  extends
    Called<TaskSignals.TaskSignals>,
    Called<WorkerSignals.WorkerSignals>,
    Called<Pick<PublishSignals.PublishSignals, "afterTaskPublish">>
{
  readonly beforeTaskPublish: (publishing: PublishSignals.Publishing) => Message | void
}

/** Gives what ends it. */
export type On = <K extends keyof Signals>(signal: K, receiver: Signals[K]) => () => void

export interface PromiseSignals {
  readonly on: On
  /** Those that are there when it is built. */
  readonly layer: Layer.Layer<never>
}

type Receiver = (...args: ReadonlyArray<unknown>) => unknown

interface Entry {
  readonly name: keyof Signals
  readonly receiver: Receiver
}

export const make = (): PromiseSignals => {
  const entries = new Set<Entry>()
  let uses = 0
  const using = Layer.effectDiscard(
    Effect.acquireRelease(Effect.sync(() => void uses++), () => Effect.sync(() => void uses--))
  )
  const layerOf = (entry: Entry): Layer.Layer<never> => {
    const call: Receiver = (...args) => entries.has(entry) ? entry.receiver(...args) : undefined
    return rooms[entry.name](entry.name, call)
  }
  return {
    on: (name, receiver) => {
      if (!Object.hasOwn(rooms, name)) {
        throw new TypeError(`there is no signal '${String(name)}': there are ${Object.keys(rooms).join(", ")}`)
      }
      if (uses > 0) throw new Error(`app.on("${name}", ...) comes too late: say it before the application is used`)
      // It is called with what its name says.
      const entry = { name, receiver: receiver as Receiver }
      entries.add(entry)
      return () => void entries.delete(entry)
    },
    layer: Layer.suspend(() =>
      Array.from(entries).reduce((below, entry) => Layer.provideMerge(layerOf(entry), below), using)
    )
  }
}

type Room = (name: string, call: Receiver) => Layer.Layer<never>

const promised = (call: Receiver) => (...args: ReadonlyArray<unknown>) => Effect.promise(async () => call(...args))

// Its types ask for names that are written down: here they are those of `rooms`.
const tasks: Room = (name, call) =>
  TaskSignals.layer({ [name]: promised(call) } as Pick<TaskSignals.TaskSignals, "taskReceived">)
const workers: Room = (name, call) => WorkerSignals.layer({ [name]: promised(call) })
const sending: Room = (name, call) => PublishSignals.layer({ [name]: call })

const rooms: Readonly<Record<keyof Signals, Room>> = {
  taskReceived: tasks,
  taskPrerun: tasks,
  taskPostrun: tasks,
  taskSuccess: tasks,
  taskRetry: tasks,
  taskFailure: tasks,
  taskInternalError: tasks,
  taskRevoked: tasks,
  taskUnknown: tasks,
  taskRejected: tasks,
  workerInit: workers,
  workerReady: workers,
  heartbeatSent: workers,
  workerShuttingDown: workers,
  workerShutdown: workers,
  beforeTaskPublish: sending,
  afterTaskPublish: sending
}

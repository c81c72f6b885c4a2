/**
 * What a task that runs tells of itself, and hears: its own states, which go
 * where its result will, and whether it is to end.
 *
 * One is made for a run that says or asks something. A store that is away holds
 * it up for a second and not longer, whatever the store does with what it was
 * given. Source: protocol §7.1, Celery's `Task.update_state` and
 * `contrib.abortable`.
 *
 * @since 0.1.0
 */
import type { EventDispatcher } from "@celeriac/tasks/event/EventDispatcher"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import type { ResultReader } from "@celeriac/tasks/result/ResultReader"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import type { ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import type { TaskRequest } from "@celeriac/tasks/TaskRequest"
import * as TaskState from "@celeriac/tasks/TaskState"
import * as Effect from "effect/Effect"

/** Where it goes to and comes from, as far as that is there. */
export interface Ports {
  readonly events: EventDispatcher["Service"] | undefined
  readonly writer: ResultWriter["Service"] | undefined
  readonly reader: ResultReader["Service"] | undefined
  /** Whether records tell what was run, too. */
  readonly isExtended: boolean
  /** Whether somebody counts the parts of chords. */
  readonly countsChords: boolean
}

/** A run, as it is told of. */
interface Told extends TaskRequest {
  /** It has come to something: what is told now would come after its result. */
  readonly hasEnded: boolean
}

const patience = "1 second"

export class Reporter {
  private readonly run: Told
  private readonly ports: Ports
  /** What was given to the store last has not been answered. */
  private isWaiting = false
  /** It looks for whether it was aborted: then its own states do not take the place of that. */
  private abortable: "unknown" | "asked" | "aborted" = "unknown"

  constructor(run: Told, ports: Ports) {
    this.run = run
    this.ports = ports
  }

  readonly updateState = (state: TaskState.TaskState, meta: unknown): Effect.Effect<void> =>
    Effect.suspend(() => {
      const unfit = problem(state)
      if (unfit !== undefined) return Effect.die(new TypeError(unfit))
      const { writer } = this.ports
      if (writer === undefined || this.run.hasEnded || this.isWaiting) return Effect.void
      const storing = Effect.timeoutOrElse(this.store(writer, state, meta), {
        duration: patience,
        orElse: () => this.warn(`State ${state}`, "the result backend has not answered: later ones wait for that")
      })
      return this.abortable === "unknown"
        ? storing
        : Effect.flatMap(this.isAborted, (isAborted) => isAborted ? Effect.void : storing)
    })

  readonly isAborted: Effect.Effect<boolean> = Effect.suspend(() => {
    const { reader } = this.ports
    if (reader === undefined || this.abortable === "aborted") return Effect.succeed(this.abortable === "aborted")
    this.abortable = "asked"
    return reader.state(this.run.id).pipe(
      Effect.map((state) => {
        if (state === TaskState.ABORTED) this.abortable = "aborted"
        return state === TaskState.ABORTED
      }),
      Effect.catch((error) => Effect.as(this.warn("Whether it was aborted", error.message), false)),
      Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.succeed(false) })
    )
  })

  private store(writer: ResultWriter["Service"], state: TaskState.TaskState, meta: unknown): Effect.Effect<void> {
    const { children, group, id, parentId } = this.run
    // As it is now: more may be sent while the store has it.
    const record = ResultRecord.make(id, state, {
      ...{ result: meta, children: [...children], groupId: group, parentId },
      ...(this.ports.isExtended ? extendedOf(this.run) : {})
    })
    return Effect.flatMap(
      Effect.callback<ResultError | undefined>((resume) => {
        this.isWaiting = true
        writer.storeUnsafe(record, this.run, (error) => {
          this.isWaiting = false
          resume(Effect.succeed(error))
        })
      }),
      (error) => {
        if (error === undefined) return Effect.void
        return error.reason._tag === "Unencodable"
          ? Effect.die(new TypeError(`what belongs to the state ${state} cannot be stored: ${error.reason.detail}`))
          : this.warn(`State ${state}`, error.message)
      }
    )
  }

  private warn(what: string, why: string): Effect.Effect<void> {
    return Effect.logWarning(`${what} of task ${this.run.name}[${this.run.id}] is not known: ${why}`)
  }
}

/** Source: Celery 5.7's `Backend._get_result_meta`. */
const extendedOf = (run: Told): Pick<ResultRecord.Options, "extended" | "stamps"> => {
  const { args, deliveryInfo, hostname, kwargs, retries, stampedHeaders, stamps, task } = run
  return {
    extended: { name: task, args, kwargs, worker: hostname, retries, queue: deliveryInfo.routingKey },
    stamps: stampedHeaders === undefined || Object.keys(stamps).length === 0
      ? undefined
      : { names: stampedHeaders, values: stamps }
  }
}

/** Types forbid it, where there are types. */
const problem = (state: unknown): string | undefined => {
  if (typeof state !== "string" || state === "") return `${String(state)} is no state: give it a name, such as PROGRESS`
  return TaskState.isException(state)
    ? `a task does not store ${state} itself: it fails, or says so by Task.retry`
    : undefined
}

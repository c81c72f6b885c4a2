/**
 * Holds elections: sends and takes the events of `Election`'s rules, and has done
 * what they come to.
 *
 * @since 0.1.0
 */
import type { Control } from "@celeriac/bootsteps/Control"
import type { Entry, TimerHeap } from "@celeriac/messaging/TimerHeap"
import type * as Event from "@celeriac/tasks/event/Event"
import type { EventDispatcher } from "@celeriac/tasks/event/EventDispatcher"
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { WorkerLog } from "../../state/WorkerLog.ts"
import { Elections, nodeId, type Verdict } from "./Election.ts"
import { Handlers } from "./Handlers.ts"

/** How long nodes that have answered, and do not stand, are waited for: in ms, if it is not as usual. */
export const Grace: Context.Reference<number | undefined> = Context.Reference(
  "@celeriac/worker/consumer/internal/Polls/Grace",
  { defaultValue: (): number | undefined => undefined }
)

interface Options {
  readonly hostname: string
  readonly grace: number | undefined
  /** The names of the other nodes that are alive. */
  readonly alive: () => ReadonlyArray<string>
  readonly send: EventDispatcher["Service"]["send"]
  readonly timer: TimerHeap
  readonly clock: Clock.Clock
  readonly control: Control["Service"]
  readonly log: WorkerLog
}

/** Whatever groups are sent: without it nobody would be elected. */
const always = { always: true }

/** The version of the rules. */
const cver = 1

export class Polls {
  private readonly elections: Elections
  /** By topic; the last one counts. */
  private readonly handlers = new Map<string, ReadonlyArray<Handlers<unknown>>>()
  private readonly options: Options
  private readonly self: string
  private due: Entry | undefined

  constructor(options: Options) {
    this.options = options
    this.elections = new Elections(options.grace)
    this.self = nodeId({ hostname: options.hostname, pid: process.pid })
  }

  close(): void {
    this.due?.cancel()
  }

  hold(id: string, topic: string, action: unknown): void {
    const { log, send } = this.options
    if (!this.elections.hold(id, this.now())) {
      return log.log("Warn", `election ${shown(id)} is not held: too many are being held already`)
    }
    send("worker-elect", { id, topic, action: action ?? null, cver }, always)
    this.settle()
  }

  stand(event: Event.Of<"worker-elect">): void {
    const { action, clock, hostname, id, pid, topic } = event
    const { log, send } = this.options
    if (clock === undefined || pid === undefined || topic === undefined) {
      const missing = clock === undefined ? "clock" : pid === undefined ? "pid" : "topic"
      return log.log("Error", `election request missing field '${missing}'`)
    }
    this.elections.stand({ id, clock, hostname, pid, topic, action }, this.now())
    send("worker-elect-ack", { id }, always)
    this.settle()
  }

  answer({ hostname, id }: Event.Of<"worker-elect-ack">): void {
    this.elections.answer(id, hostname, this.now())
    this.settle()
  }

  /** Looks whether anything is decided: something was heard, or somebody is not there any more. */
  settle(): void {
    if (!this.elections.isOpen) return
    const { alive, hostname, timer } = this.options
    for (const verdict of this.elections.settle([hostname, ...alive()], this.now())) this.carryOut(verdict)
    this.due?.cancel()
    const next = this.elections.next()
    if (next !== undefined) this.due = timer.enter(next, () => this.settle())
  }

  readonly onElected = <E, R>(
    topic: string,
    handler: (action: unknown) => Effect.Effect<unknown, E, R>
  ): Effect.Effect<void, never, R | Scope.Scope> =>
    Effect.gen({ self: this }, function*() {
      const own = new Handlers<unknown>(this.options.control)
      yield* own.add(handler)
      yield* Effect.acquireRelease(
        Effect.sync(() => this.handlers.set(topic, [...this.handlers.get(topic) ?? [], own])),
        () => Effect.sync(() => this.remove(topic, own))
      )
    })

  private remove(topic: string, one: Handlers<unknown>): void {
    const left = (this.handlers.get(topic) ?? []).filter((other) => other !== one)
    if (left.length === 0) this.handlers.delete(topic)
    else this.handlers.set(topic, left)
  }

  private carryOut(verdict: Verdict): void {
    const { log } = this.options
    const id = shown(verdict.id)
    if (verdict._tag === "Dropped") {
      const silent = verdict.silent.length === 0
        ? "not all has been heard"
        : `no answer from ${verdict.silent.join(", ")}`
      return log.log("Warn", `election ${id} has no winner: ${silent}`)
    }
    const { candidature, leader } = verdict
    if (leader !== this.self) return log.log("Info", `node ${leader} elected for ${id}`)
    log.log("Info", `I won the election ${id}`)
    const handlers = this.handlers.get(candidature.topic)?.at(-1)
    if (handlers === undefined) return log.log("Error", `Unknown election topic ${shown(candidature.topic)}`)
    handlers.tell(candidature.action)
  }

  private now(): number {
    return this.options.clock.currentTimeMillisUnsafe()
  }
}

/** What others have chosen, as a log may have it. */
const shown = (text: string): string => `'${text.replace(/\p{C}/gu, "?")}'`

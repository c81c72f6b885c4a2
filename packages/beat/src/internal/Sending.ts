/** Sends the slots of an entry that are due, and says how far it has come. */
import type * as Client from "@celeriac/tasks/Client"
import type * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Term } from "../Leadership.ts"
import { type ScheduleEntry, slotId } from "../ScheduleEntry.ts"
import type { Item } from "./Agenda.ts"
import type { Due } from "./Missed.ts"

/** An entry whose progress is what it has come to. */
export interface Done {
  readonly item: Item
  /** When to try again, where the broker did not take all. */
  readonly retryAt: number | undefined
}

type Attempt = "sent" | "refused" | "away"

interface When {
  readonly term: Term
  /** When the term began. */
  readonly since: number
}

/** By which workers are told that a message may have been sent before, under its id: they ask what came of it. */
const again = Object.freeze({ celeriac_again: true })

/** How long the broker may take: a leader that was cut off should not hold on to old slots. */
const deadline: Duration.Input = "10 seconds"

/** Of one entry that has missed several: each waits for the broker beside the others. */
const slotsAtOnce = 10

/** When one could not be sent, those that were not begun wait for as long. */
const awayMillis = 1000

/** Between attempts to send, the longest pause. */
const longestPause = 30_000

export class Sending {
  /** How late the last slot was, in milliseconds. */
  lag = 0
  sent = 0
  readonly #client: Client.Client["Service"]
  readonly #clock: Clock.Clock
  readonly #namespace: string
  #awayUntil = -Infinity

  constructor(client: Client.Client["Service"], clock: Clock.Clock, namespace: string) {
    this.#client = client
    this.#clock = clock
    this.#namespace = namespace
  }

  readonly send = Effect.fnUntraced(
    { self: this },
    function*(item: Item, due: Due, when: When): Effect.fn.Return<Done> {
      const { slots } = due
      const attempts = slots.length === 1
        ? [yield* this.#sendSlot(item, slots[0]!, when)]
        : yield* Effect.forEach(slots, (slot) => this.#sendSlot(item, slot, when), { concurrency: slotsAtOnce })
      const firstAway = attempts.indexOf("away")
      const come = firstAway === -1 ? attempts : attempts.slice(0, firstAway)
      const count = item.progress.count + come.filter((attempt) => attempt === "sent").length
      if (firstAway === -1) {
        item.failures = 0
        item.progress = { last: due.last, count }
        return { item, retryAt: undefined }
      }
      // What came after it may have been sent: it is the same task when it is sent again.
      item.progress = { last: slots[firstAway - 1] ?? item.progress.last, count }
      const pause = Math.min(longestPause, 1000 * 2 ** Math.min(item.failures++, 5))
      return { item, retryAt: this.#now() + pause }
    }
  )

  #sendSlot(item: Item, slot: number, { since, term }: When): Effect.Effect<Attempt> {
    return Effect.suspend(() => {
      if (this.#now() < this.#awayUntil || !term.isHeld()) return Effect.succeed("away" as const)
      // What was due before this term another may have sent, and what failed may have come all the same.
      const isAgain = slot <= since || item.failures > 0
      return Effect.map(this.#sendOne(item.entry, slot, isAgain), (attempt) => {
        this.#awayUntil = attempt === "away" ? this.#now() + awayMillis : -Infinity
        if (attempt !== "away") this.lag = this.#now() - slot
        return attempt
      })
    })
  }

  /** Sends an entry beside its schedule, once for the same word. Gives false when the broker did not take it. */
  sendNow(entry: ScheduleEntry, run: string, isAgain: boolean): Effect.Effect<boolean> {
    return Effect.map(this.#sendOne(entry, `run ${run}`, isAgain), (sent) => sent !== "away")
  }

  #now(): number {
    return this.#clock.currentTimeMillisUnsafe()
  }

  /** What makes no sense is not tried again. */
  #sendOne(
    entry: ScheduleEntry,
    slot: number | string,
    isAgain: boolean
  ): Effect.Effect<Attempt> {
    const { name, signature } = entry
    const taskId = slotId(this.#namespace, entry, slot)
    const headers = isAgain ? { ...entry.headers, ...again } : entry.headers
    const call = { taskId, idsFrom: taskId, headers, deadline }
    return Effect.andThen(
      Effect.logInfo(`Scheduler: Sending due task ${name} (${signature.task})`),
      Effect.flatMap(
        Effect.result(this.#client.applyAsync(signature, undefined, call)),
        (sent) => {
          if (Result.isSuccess(sent)) {
            this.sent++
            return Effect.as(Effect.logDebug(`${signature.task} sent. id->${taskId}`), "sent" as const)
          }
          const { failure } = sent
          const said = `Message Error: Couldn't apply scheduled task ${name}: ${failure.message}`
          return Effect.as(Effect.logError(said), isAway(failure) ? "away" as const : "refused" as const)
        }
      )
    )
  }
}

/** Whether it may be taken when it is sent again. */
const isAway = (error: Client.SendError): boolean =>
  error._tag === "MessagingError" || (error._tag === "ResultError" && error.reason._tag !== "Unsupported")

/** Sends the slots that are due, side by side, and says how far each entry has come. */
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
interface Done {
  readonly item: Item
  /** When to try again, where the broker did not take all. */
  readonly retryAt: number | undefined
}

interface Round {
  isAway: boolean
  readonly since: number
}

/** By which workers are told that a message may have been sent before, under its id: they ask what came of it. */
const again = Object.freeze({ celeriac_again: true })

/** How long the broker may take: a leader that was cut off should not hold on to old slots. */
const deadline: Duration.Input = "10 seconds"

/** Between attempts to send, the longest pause. */
const longestPause = 30_000

export class Sending {
  /** How late the last slot was, in milliseconds. */
  lag = 0
  sent = 0
  readonly #client: Client.Client["Service"]
  readonly #clock: Clock.Clock
  readonly #namespace: string
  readonly #concurrency: number

  constructor(client: Client.Client["Service"], clock: Clock.Clock, namespace: string, concurrency: number) {
    this.#client = client
    this.#clock = clock
    this.#namespace = namespace
    this.#concurrency = concurrency
  }

  /** `since`: when the term began. When one could not be sent, those that were not begun wait for the broker too. */
  send(
    taken: ReadonlyArray<readonly [Item, Due]>,
    term: Term,
    since: number
  ): Effect.Effect<ReadonlyArray<Done>> {
    const round: Round = { isAway: false, since }
    return Effect.forEach(taken, ([item, due]) => this.#sendItem(item, due, term, round), {
      concurrency: this.#concurrency
    })
  }

  /** Sends an entry beside its schedule, once for the same word. Gives false when the broker did not take it. */
  sendNow(entry: ScheduleEntry, run: string): Effect.Effect<boolean> {
    return Effect.map(this.#sendOne(entry, `run ${run}`, true), (sent) => sent !== "away")
  }

  readonly #sendItem = Effect.fnUntraced(
    { self: this },
    function*(item: Item, due: Due, term: Term, round: Round) {
      const { entry } = item
      for (const slot of due.slots) {
        // What was due before this term another may have sent, and what failed may have come all the same.
        const isAgain = slot <= round.since || item.failures > 0
        const sent = round.isAway || !term.isHeld() ? "away" : yield* this.#sendOne(entry, slot, isAgain)
        if (sent === "away") {
          round.isAway = true
          const pause = Math.min(longestPause, 1000 * 2 ** Math.min(item.failures++, 5))
          return { item, retryAt: this.#clock.currentTimeMillisUnsafe() + pause }
        }
        item.progress = { last: slot, count: item.progress.count + (sent === "sent" ? 1 : 0) }
        this.lag = this.#clock.currentTimeMillisUnsafe() - slot
      }
      item.failures = 0
      item.progress = { last: due.last, count: item.progress.count }
      return { item, retryAt: undefined }
    }
  )

  /** What makes no sense is not tried again. */
  #sendOne(
    entry: ScheduleEntry,
    slot: number | string,
    isAgain: boolean
  ): Effect.Effect<"sent" | "refused" | "away"> {
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

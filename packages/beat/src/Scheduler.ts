/**
 * Sends what is due, for as long as it leads.
 *
 * One sleeper waits for the next slot of all entries; what is due then is sent beside
 * what is being sent, and how far each entry has come is kept after it was sent. So a scheduler that
 * is killed in between has its successor send the same slots again, as the same tasks:
 * a slot has one id. While the broker is away, slots wait, and are missed ones when it
 * is back.
 *
 * Log lines are those of Celery's beat. Source: the guide's chapter on periodic tasks.
 *
 * @since 0.1.0
 */
import * as Client from "@celeriac/tasks/Client"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { BeatError } from "./BeatError.ts"
import { BeatSchedule } from "./BeatSchedule.ts"
import { Agenda } from "./internal/Agenda.ts"
import { Bell } from "./internal/Bell.ts"
import { human } from "./internal/Human.ts"
import { type Done, Sending } from "./internal/Sending.ts"
import { Leadership, type Term } from "./Leadership.ts"
import { type Change, type Progress, ScheduleStore } from "./ScheduleStore.ts"

export interface Options {
  /** Tells schedulers apart that have entries of the same names and share workers or results. All that take over from each other have one. Default `celerybeat`. */
  readonly namespace?: string | undefined
  /** How long to sleep at most: a clock that was set is noticed then. Default 5 seconds. Celery's `beat_max_loop_interval`. */
  readonly maxInterval?: Duration.Input | undefined
  /** How many entries are being sent at a time: what a broker takes to confirm one makes no other late. Default 1000. */
  readonly concurrency?: number | undefined
  /** After how many tasks it is kept how far they have come; at the end of a term always. Default 1. Celery's `beat_sync_every`. */
  readonly syncEvery?: number | undefined
}

export interface Health {
  readonly isLeader: boolean
  /** By what it leads, or waits to; as its lease says it. */
  readonly leadership: string
  /** Where the schedule is kept. */
  readonly store: string
  /** When it last looked at what is due; milliseconds since the epoch. */
  readonly lastTick: number | undefined
  /** How late the last slot was sent, in milliseconds. */
  readonly lag: number
  /** How many slots were sent by this process. */
  readonly sent: number
}

export class Scheduler extends Context.Service<Scheduler, {
  /** Runs until it is interrupted, and has then sent what it was sending. Fails when it can never lead. */
  readonly run: Effect.Effect<never, BeatError>
  readonly health: Effect.Effect<Health>
}>()("@celeriac/beat/Scheduler") {}

/** After which an entry is looked at again whose schedule throws, or what sends it: Celery's maximum interval. */
const brokenMillis = 300_000

/** The pause after it was kept how far entries have come: each time, a broker writes to its disk. */
const keepMillis = 50

/** The pause after a store or a lease could not be reached. */
const pauseMillis = 1000

export const make = Effect.fnUntraced(function*(options: Options = {}) {
  const client = yield* Client.Client
  const clock = yield* Clock.Clock
  const leadership = yield* Leadership
  const schedule = yield* BeatSchedule
  const store = yield* ScheduleStore
  const maxInterval = Duration.toMillis(options.maxInterval ?? "5 seconds")
  const syncEvery = options.syncEvery ?? 1
  const most = options.concurrency ?? 1000
  const sending = new Sending(client, clock, options.namespace ?? "celerybeat")
  const health = { isLeader: false, lastTick: undefined as number | undefined }
  const now = () => clock.currentTimeMillisUnsafe()
  const fork = Effect.runForkWith(yield* Effect.context<never>())

  const lead = Effect.fnUntraced(function*(term: Term) {
    const since = now()
    const agenda = new Agenda(brokenMillis)
    const bell = new Bell()
    const heard = new Bell()
    const toKeep = new Bell()
    /** Words by which entries were sent beside their schedules, or may have been. */
    const said = new Set<string>()
    let revision = yield* load(agenda, term, said, true)
    let isStale = false
    /** What could not be kept yet. */
    let unkept = new Map<string, Progress>()
    let sentUnkept = 0

    const listen = Effect.gen(function*() {
      yield* store.changed(revision)
      isStale = true
      bell.ring()
      yield* heard.wait
    }).pipe(Effect.catch(() => Effect.sleep(pauseMillis)), Effect.forever)

    let underWay = 0
    let hasLanded = false
    /** Until when nobody looks at what is due. */
    let asleepUntil = -Infinity
    const landed = new Bell()

    /** Begins to send what is due, which nobody interrupts. */
    const begin = Effect.suspend(() => {
      const { errors, taken } = agenda.take(now(), most - underWay)
      // While nothing that is being sent comes to an end, it stands still.
      if (underWay === 0 || hasLanded) health.lastTick = now()
      hasLanded = false
      underWay += taken.length
      for (const [item, due] of taken) {
        fork(Effect.matchCauseEffect(sending.send(item, due, { term, since }), {
          onSuccess: end,
          // Middleware of one's own may throw, and so may a logger.
          onFailure: (cause) =>
            Effect.ensuring(
              Effect.logError(`Message Error: Couldn't apply scheduled task ${item.entry.name}`, cause),
              Effect.suspend(() => end({ item, retryAt: now() + brokenMillis }))
            )
        }))
      }
      return tell(errors)
    })

    const end = ({ item, retryAt }: Done): Effect.Effect<void> => {
      unkept.set(item.entry.name, item.progress)
      if (++sentUnkept >= syncEvery) toKeep.ring()
      if (retryAt !== undefined) agenda.retry(item, retryAt)
      const errors = retryAt === undefined ? agenda.plan(item, now()) : []
      underWay--
      hasLanded = true
      if (underWay === 0) landed.ring()
      if (agenda.next! < asleepUntil) bell.ring()
      return tell(errors)
    }

    const allLanded: Effect.Effect<void> = Effect.suspend(() =>
      underWay === 0 ? Effect.void : Effect.andThen(landed.wait, allLanded)
    )

    const keep = Effect.suspend(() => {
      if (unkept.size === 0) return Effect.void
      const kept = unkept
      sentUnkept = 0
      unkept = new Map()
      return Effect.catch(store.advance(Array.from(kept)), (error) => {
        unkept = new Map([...kept, ...unkept])
        return Effect.logError(`beat: ${error.message}. What was sent is kept with the next task`)
      })
    })

    /** Beside what is sent meanwhile: a store that is slow makes no slot late, and what is sent next is kept together. */
    const keeping = Effect.forever(
      Effect.andThen(toKeep.wait, Effect.andThen(Effect.uninterruptible(keep), Effect.sleep(keepMillis)))
    )

    const loop = Effect.gen(function*() {
      while (term.isHeld()) {
        if (isStale) {
          // What is being sent belongs to what was read before.
          yield* allLanded
          const read = yield* Effect.result(load(agenda, term, said, false))
          if (read._tag === "Success") {
            revision = read.success
            isStale = false
            heard.ring()
          } else {
            yield* Effect.logError(`beat: ${read.failure.message}. Going on with what is known`)
            yield* Effect.sleep(pauseMillis)
          }
        }
        yield* begin
        const isFull = underWay >= most
        const wait = Math.min(isFull ? Infinity : (agenda.next ?? Infinity) - now(), maxInterval)
        if (wait <= 0) continue
        asleepUntil = isFull ? Infinity : now() + wait
        yield* Effect.logDebug(`beat: Waking up ${human(wait, "in ")}.`)
        yield* bell.waitAtMost(wait, fork)
        asleepUntil = -Infinity
      }
    })
    yield* Effect.raceFirst(loop, Effect.raceFirst(listen, keeping)).pipe(
      Effect.ensuring(Effect.andThen(allLanded, keep))
    )
  })

  /** Reads what there is to do; gives its revision. */
  const load = Effect.fnUntraced(function*(agenda: Agenda, term: Term, said: Set<string>, isFirst: boolean) {
    const snapshot = yield* store.read
    const loaded = agenda.load(schedule.entries, snapshot, now())
    yield* tell(loaded.errors)
    for (const name of loaded.ahead) {
      yield* Effect.logWarning(
        `beat: entry '${name}' was last sent in the future: a clock was wrong, it counts from now`
      )
    }
    const forgotten = [...loaded.gone, ...loaded.ahead]
    if (forgotten.length > 0) yield* store.forget(forgotten)
    if (loaded.begun.length > 0) yield* store.advance(loaded.begun)
    for (const item of Array.from(agenda.items.values())) {
      const run = item.change?.run
      if (run === undefined || !term.isHeld()) continue
      const word = `${item.entry.name} ${run}`
      // What was there when the term began another may have sent.
      const isAgain = isFirst || said.has(word)
      said.add(word)
      if (!(yield* sending.sendNow(item.entry, run, isAgain))) continue
      yield* store.change(item.entry.name, (change) => change?.run === run ? withoutRun(change) : change)
    }
    return snapshot.revision
  })

  const run = Effect.gen(function*() {
    yield* Effect.logInfo("beat: Starting...")
    yield* Effect.logDebug(`beat: Ticking with max interval->${human(maxInterval)}`)
    while (true) {
      const lost = yield* Effect.scoped(Effect.gen(function*() {
        const term = yield* leadership.acquire
        health.isLeader = true
        yield* Effect.logInfo(`beat: Leading (${leadership.describe}), the schedule is in ${store.describe}`)
        return yield* Effect.raceFirst(term.lost, Effect.as(lead(term), "the lease has run out"))
      })).pipe(
        Effect.ensuring(Effect.sync(() => {
          health.isLeader = false
        })),
        Effect.catch((error) =>
          error.reason._tag === "StoreFailed" ? Effect.succeed(error.message) : Effect.fail(error)
        )
      )
      yield* Effect.logWarning(`beat: Leading no more: ${lost}`)
      yield* Effect.sleep(pauseMillis)
    }
  }).pipe(Effect.onInterrupt(() => Effect.logInfo("beat: Shutting down...")))

  return Scheduler.of({
    run: run as Effect.Effect<never, BeatError>, // a loop without an end
    health: Effect.sync(() => ({
      ...health,
      leadership: leadership.describe,
      store: store.describe,
      lag: sending.lag,
      sent: sending.sent
    }))
  })
})

/** A scheduler that nobody runs yet. */
export const layer = (
  options?: Options
): Layer.Layer<Scheduler, never, BeatSchedule | Client.Client | Leadership | ScheduleStore> =>
  Layer.effect(Scheduler, make(options))

const tell = (errors: ReadonlyArray<BeatError>): Effect.Effect<void> =>
  Effect.forEach(errors, (error) => Effect.logError(`beat: ${error.message}`), { discard: true })

/** What else is said of an entry, if anything is. */
const withoutRun = ({ run: _, ...change }: Change): Change | undefined =>
  Object.keys(change).length === 0 ? undefined : change

/**
 * What of messages that are sealed is whose: each is taken by one worker, so that a
 * copy does nothing at another one, while the first has it and when it has ended.
 *
 * Where results are kept, the number of a seal is noted with who took it, before
 * anything else is done with the message, and once more when the message is settled.
 * What a worker gives back, or loses with its connection, is nobody's again.
 *
 * A message that the broker hands out again is taken from whoever had it, for he is
 * gone or gave it back. The broker may have forgotten that it did hand it out; so one
 * that comes the first time, and is another's, is a copy when that one is seen to live,
 * and else his who has it now, after the time in which a worker is to say that it lives.
 *
 * While it cannot be asked whose a message is, it waits: nobody runs it, and it goes
 * back when the worker leaves.
 *
 * @since 0.1.0
 */
import type { Delivery } from "@celeriac/messaging/Message"
import * as Reconnect from "@celeriac/messaging/Reconnect"
import type { Refusal, Sealed } from "@celeriac/messaging/security/Seal"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import type { Marks } from "@celeriac/tasks/result/ResultWriter"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type { WorkerLog } from "../../state/WorkerLog.ts"
import type { Settler } from "./Settler.ts"
import { Stray } from "./Stray.ts"
import type { Intake } from "./Subject.ts"

/** What stands for a message that was settled. */
const done = "done"

/** How long a worker is known to live after it has said so, in milliseconds, and how often it says so. */
const life = 60_000
const renewal = "2 seconds"

/** Between two looks at whether another lives: longer than it takes to say so. */
const pause = "3 seconds"

/** How often it is noted what was settled. */
const sweeping = "1 second"

/** So many are noted at once. */
const concurrency = 256

/** How much longer than it would be accepted a number is kept, in milliseconds: clocks differ. */
const slack = 300_000

/** What another worker has, or had. */
export const copy: Refusal = {
  _tag: "Refused",
  isReplay: true,
  detail: "it came before, to another worker: what is signed is run once"
}

interface Parts {
  readonly marks: Marks
  readonly settler: Settler
  readonly clock: Clock.Clock
  readonly log: WorkerLog
  /** Runs an effect beside everything else. */
  readonly fork: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
}

/** What is known of one that is taken. */
interface Taken {
  readonly delivery: Delivery
  readonly until: number
}

interface Asked {
  readonly intake: Intake
  readonly fiber: Fiber.Fiber<void>
}

export class SealClaims {
  private readonly parts: Parts
  /** This worker, since it started. */
  private readonly self: string
  /** Said once: before, another would take it for dead. */
  private readonly alive: Effect.Effect<void, ResultError>
  /** By number: what this worker may have, until it is noted what became of it. */
  private readonly taken = new Map<string, Taken>()
  /** Whose answer is awaited. */
  private readonly asked = new Map<Delivery, Asked>()
  /** Taken from one that is dead: what became of it there was not noted, and may stand in its result. */
  private readonly inherited = new WeakSet<object>()
  private isAway = false

  constructor(parts: Parts, self: string, alive: Effect.Effect<void, ResultError>) {
    this.parts = parts
    this.self = self
    this.alive = alive
  }

  /** Tells, once, whether the message is this worker's; never, when it is withdrawn or lost meanwhile. */
  take(delivery: Delivery, sealed: Sealed, intake: Intake, then: (isOurs: boolean) => void): void {
    const { number, until } = sealed
    this.taken.set(number, { delivery, until })
    let isAnswered = false
    const fiber = this.parts.fork(Effect.map(this.asking(delivery, sealed), (isOurs) => {
      isAnswered = true
      this.asked.delete(delivery)
      if (!isOurs) this.taken.delete(number)
      // Its channel went meanwhile: the broker hands it out again.
      if (delivery.isLost) intake.dropped()
      else then(isOurs)
    }))
    if (!isAnswered) this.asked.set(delivery, { intake, fiber })
  }

  /** Whether its result may say that another has run it. */
  readonly isInherited = (message: object): boolean => this.inherited.has(message)

  /** Sends back those whose answer is awaited; of one intake, or of all. */
  giveBack(from: Intake | undefined): void {
    for (const { delivery, intake } of this.withdraw(from)) {
      const now = this.parts.clock.currentTimeMillisUnsafe()
      this.parts.settler.settle(new Stray(intake, delivery, undefined, undefined, now), "requeue")
    }
  }

  /** Forgets them: their channel is lost. */
  drop(from: Intake | undefined): void {
    for (const { intake } of this.withdraw(from)) intake.dropped()
  }

  /** Notes what was settled, and gives back what is no more here. */
  readonly sweep: Effect.Effect<void> = Effect.suspend(() => {
    const ended = Array.from(this.taken).filter(([, { delivery }]) =>
      delivery.settlement !== undefined || delivery.isLost
    )
    return Effect.forEach(ended, ([number, taken]) => {
      const { settlement } = taken.delivery
      const becomes = settlement === "ack" || settlement === "reject" ? done : ""
      return Effect.match(this.exchange(number, this.self, becomes, taken.until), {
        // One that is another's by now is none of ours.
        onSuccess: () => {
          if (this.taken.get(number) === taken) this.taken.delete(number)
        },
        // It is looked at again.
        onFailure: () => {}
      })
    }, { discard: true, concurrency })
  })

  private withdraw(
    intake: Intake | undefined
  ): ReadonlyArray<{ readonly delivery: Delivery; readonly intake: Intake }> {
    const found: Array<{ readonly delivery: Delivery; readonly intake: Intake }> = []
    for (const [delivery, asked] of this.asked) {
      if (intake !== undefined && asked.intake !== intake) continue
      this.asked.delete(delivery)
      asked.fiber.interruptUnsafe()
      found.push({ delivery, intake: asked.intake })
    }
    return found
  }

  private asking(delivery: Delivery, { number, until }: Sealed): Effect.Effect<boolean> {
    /** Who had it when it was last looked, and what he said of himself. */
    let seen: { readonly who: string; readonly said: string } | undefined
    const look: Effect.Effect<boolean, ResultError> = Effect.gen({ self: this }, function*() {
      for (;;) {
        const who = yield* this.exchange(number, "", this.self, until)
        if (who === undefined) return true
        if (delivery.redelivered) {
          if ((yield* this.exchange(number, who, this.self, until)) === undefined) return true
          continue
        }
        if (who === done) return false
        const said = yield* this.parts.marks.read(nameOf(who))
        if (seen?.who === who) {
          if (said !== "" && said !== seen.said) return false
          if (said === "" && seen.said === "") {
            if ((yield* this.exchange(number, who, this.self, until)) !== undefined) continue
            this.inherited.add(delivery)
            return true
          }
        }
        seen = { who, said }
        yield* Effect.sleep(pause)
      }
    })
    return Effect.andThen(this.alive, look).pipe(
      Effect.tap(Effect.sync(() => {
        this.isAway = false
      })),
      Effect.tapError((error) => Effect.sync(() => this.away(error))),
      Effect.retry(Reconnect.schedule),
      // The schedule has no end.
      Effect.orDie
    )
  }

  private exchange(number: string, was: string, becomes: string, until: number) {
    return this.parts.marks.exchange(number, was, becomes, until + slack - this.parts.clock.currentTimeMillisUnsafe())
  }

  private away({ message }: ResultError): void {
    if (this.isAway) return
    this.isAway = true
    this.parts.log.log(
      "Warn",
      `Sealed tasks wait, for it cannot be asked whether they are copies of what another worker has: ${message}`
    )
  }
}

/** What a worker says of itself stands here. */
const nameOf = (worker: string): string => `alive-${worker}`

/** Says that the worker lives for as long as the scope is open, and notes what it had when that ends. */
export const make = (parts: Parts): Effect.Effect<SealClaims, never, Scope.Scope> =>
  Effect.gen(function*() {
    const self = process.getBuiltinModule("node:crypto").randomUUID()
    let said = ""
    let times = 0
    const say = Effect.gen(function*() {
      const next = `${++times}`
      const there = yield* parts.marks.exchange(nameOf(self), said, next, life)
      // It went, or what was said last was not heard to be written.
      if (there !== undefined) yield* parts.marks.exchange(nameOf(self), there, next, life)
      said = next
    })
    const once = Effect.suspend(() => said === "" ? say : Effect.void)
    const claims = new SealClaims(parts, self, once)
    yield* Effect.addFinalizer(() => Effect.ignore(Effect.timeout(claims.sweep, "1 second")))
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.ignore(say), Effect.sleep(renewal))))
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(sweeping), claims.sweep)))
    return claims
  })

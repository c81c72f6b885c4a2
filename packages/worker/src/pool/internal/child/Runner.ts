/**
 * Does the jobs of a child, one at a time: from work to outcome, as `FiberPool`
 * does in its process.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Hooks from "../../../trace/Hooks.ts"
import { isLarger } from "../../../trace/internal/Plain.ts"
import * as Interruption from "../../../trace/Interruption.ts"
import * as Outcome from "../../../trace/Outcome.ts"
import * as Portable from "../../../trace/Portable.ts"
import { Run } from "../../../trace/Run.ts"
import type { Trace } from "../../../trace/Trace.ts"
import * as Crossing from "../Crossing.ts"
import type { Packed, Start, ToChild } from "../Protocol.ts"
import type { Wire } from "./Wire.ts"

interface Parts {
  readonly trace: Trace
  readonly coding: Portable.Coding
}

type About = Exclude<ToChild, { readonly _tag: "Start" | "Reply" | "Leave" }>

export class Runner {
  private readonly wire: Wire
  private readonly trace: Trace
  private readonly coding: Portable.Coding
  private readonly limits: Pick<Start, "maxResultBytes" | "tellsMemory">
  private job = 0
  private run: Run | undefined = undefined
  private fiber: Fiber.Fiber<unknown, unknown> | undefined = undefined
  private exit: Exit.Exit<unknown, unknown> | undefined = undefined
  /** It came before there was anything to interrupt. */
  private early: Interruption.Interruption | undefined = undefined

  constructor(wire: Wire, { coding, trace }: Parts, limits: Pick<Start, "maxResultBytes" | "tellsMemory">) {
    this.wire = wire
    this.trace = trace
    this.coding = coding
    this.limits = limits
  }

  readonly hear = (message: About): void => {
    if (message._tag === "Run") return this.begin(message)
    if (message.job !== this.job) return
    switch (message._tag) {
      case "Begin":
        return message.may ? this.start() : this.forget()
      case "Interrupt":
        return this.interrupt(message.why)
      case "After":
        return this.afterwards(message.outcome)
    }
  }

  private begin({ isBegun, job, work }: Extract<ToChild, { readonly _tag: "Run" }>): void {
    this.job = job
    const understood = this.trace.understand(work)
    if (!(understood instanceof Run)) return this.end(understood)
    this.run = understood
    if (isBegun) this.start()
    else this.wire.send({ _tag: "Begun", job })
  }

  private start(): void {
    const begun = this.trace.start(this.run!)
    if (!(begun instanceof Run)) return this.end(begun)
    let fiber: Fiber.Fiber<unknown, unknown>
    try {
      fiber = Effect.runForkWith(begun.context)(begun.effect)
    } catch (defect) {
      return this.end(Outcome.broken(defect))
    }
    this.fiber = fiber
    const { early } = this
    if (early !== undefined) Interruption.interrupt(fiber, begun.soft, early)
    const exit = fiber.pollUnsafe()
    if (exit !== undefined) return this.come(begun, exit)
    const { job } = this
    fiber.addObserver((exit) => {
      if (job === this.job) this.come(begun, exit)
    })
  }

  private come(run: Run, exit: Exit.Exit<unknown, unknown>): void {
    this.exit = exit
    this.end(this.trace.end(run, exit), run.registered.hooks !== undefined)
  }

  private interrupt(why: Interruption.Interruption): void {
    const { fiber, run } = this
    if (run === undefined || fiber === undefined) this.early = why
    else Interruption.interrupt(fiber, run.soft, why)
  }

  private end(outcome: Outcome.Outcome, hasHooks = false): void {
    const moved: Array<ArrayBuffer> = []
    const packed = this.pack(outcome, moved)
    const memory = this.limits.tellsMemory ? this.wire.memory() : undefined
    const { job } = this
    if (!hasHooks) this.forget()
    this.wire.send({ _tag: "Ended", job, outcome: packed, hasHooks, memory }, moved)
  }

  /** What cannot cross, or is larger than it may be, is the failure of this task. */
  private pack(outcome: Outcome.Outcome, moved: Array<ArrayBuffer>): Packed {
    const { maxResultBytes } = this.limits
    if (outcome._tag === "Success" && isLarger(outcome.result, maxResultBytes)) {
      return { plain: Portable.unencodable(`the result is larger than the ${maxResultBytes} bytes that may cross`) }
    }
    const packed = Crossing.pack(outcome, this.coding)
    if (Result.isFailure(packed)) return { plain: Portable.unencodable(packed.failure) }
    if ("sealed" in packed.success) moved.push(...Crossing.movable(packed.success.sealed))
    else if (outcome._tag === "Success" && outcome.isSealed) moved.push(...Crossing.movable(outcome.result))
    return packed.success
  }

  private afterwards(packed: Packed | undefined): void {
    const { exit, job, run } = this
    const done = () => {
      if (job !== this.job) return
      this.forget()
      this.wire.send({ _tag: "Done", job })
    }
    if (packed === undefined || run === undefined || exit === undefined) return this.forget()
    // The parent has packed it.
    const outcome = Crossing.unpack(packed, this.coding) as Outcome.Outcome
    const hooks = Hooks.of(run, exit, outcome)
    if (hooks === undefined) return done()
    const fiber = Effect.runFork(hooks)
    this.fiber = fiber
    fiber.addObserver(done)
  }

  /** It has no job. */
  private forget(): void {
    this.job = 0
    this.run = undefined
    this.fiber = undefined
    this.exit = undefined
    this.early = undefined
  }
}

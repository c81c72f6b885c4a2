/**
 * Calls of a child to its parent, and their answers.
 *
 * @since 0.1.0
 */
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { Coding } from "../../../trace/Portable.ts"
import * as Borders from "../Borders.ts"
import * as Crossing from "../Crossing.ts"
import type { Wire } from "./Wire.ts"

type Failure = MessagingError | ResultError

export class Caller {
  private readonly wire: Wire
  private readonly coding: Coding
  private calls = 0
  private readonly waiting = new Map<number, (reply: Borders.Reply) => void>()

  constructor(wire: Wire, coding: Coding) {
    this.wire = wire
    this.coding = coding
  }

  /** What comes of it has the type that its method has in the parent, and so have its errors. */
  call<A, E extends Failure>(name: string, ...args: ReadonlyArray<unknown>): Effect.Effect<A, E> {
    const called = Effect.callback<unknown, Failure>((resume) => {
      const end = this.begin(name, args, (reply) => resume(Borders.toEffect(reply, this.coding)))
      return Effect.sync(() => end?.())
    })
    return called as Effect.Effect<A, E> // as said above
  }

  stream<A, E extends Failure>(name: string, ...args: ReadonlyArray<unknown>): Stream.Stream<A, E> {
    const items = Stream.callback<unknown, Failure>((queue) =>
      Effect.acquireRelease(
        Effect.sync(() =>
          this.begin(name, args, (reply) => {
            if (reply._tag === "Success") return void Queue.endUnsafe(queue)
            const exit = Effect.runSyncExit(Borders.toEffect(reply, this.coding))
            if (Exit.isSuccess(exit)) Queue.offerUnsafe(queue, exit.value)
            else Queue.failCauseUnsafe(queue, exit.cause)
          })
        ),
        (end) => Effect.sync(() => end?.())
      )
    )
    return items as Stream.Stream<A, E> // as said above
  }

  /** The parent has answered. */
  readonly answered = (call: number, reply: Borders.Reply): void => {
    const tell = this.waiting.get(call)
    if (reply._tag !== "Item") this.waiting.delete(call)
    tell?.(reply)
  }

  /** Gives what ends it before its time. */
  private begin(name: string, args: ReadonlyArray<unknown>, tell: (reply: Borders.Reply) => void) {
    const packed = Crossing.pack(args, this.coding)
    if (Result.isFailure(packed)) {
      return void tell({
        _tag: "Defect",
        message: `what ${name} was given cannot cross to the worker: ${packed.failure}`
      })
    }
    const call = ++this.calls
    this.waiting.set(call, tell)
    this.wire.send({ _tag: "Call", call, name, args: packed.success })
    return () => {
      if (this.waiting.delete(call)) this.wire.send({ _tag: "Cancel", call })
    }
  }
}

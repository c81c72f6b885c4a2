/**
 * Calls of a child to its parent, and their answers.
 *
 * @since 0.1.0
 */
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Result from "effect/Result"
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

  /** Tells each item as it comes, and last the end. Gives what ends it before its time. */
  subscribe(
    name: string,
    args: ReadonlyArray<unknown>,
    tell: (exit: Exit.Exit<unknown, Failure>, isLast: boolean) => void
  ): (() => void) | undefined {
    return this.begin(
      name,
      args,
      (reply) => tell(Effect.runSyncExit(Borders.toEffect(reply, this.coding)), reply._tag !== "Item")
    )
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

/**
 * A request as the pool sees it: something that gets a slot, and ends.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { Job } from "../pool/Pool.ts"
import type { Request } from "./Request.ts"

/** Whoever knows what a request is to come to. */
export interface Stages {
  /** It has a slot. */
  accept(request: Request): Effect.Effect<unknown, unknown, unknown> | undefined
  /** What `accept` gave has ended. */
  exited(request: Request, exit: Exit.Exit<unknown, unknown>): void
}

export class RequestJob implements Job {
  private readonly stages: Stages
  readonly request: Request

  constructor(stages: Stages, request: Request) {
    this.stages = stages
    this.request = request
  }

  get id() {
    return this.request.id
  }
  get context() {
    return this.request.registered.context
  }
  accept() {
    return this.stages.accept(this.request)
  }
  exited(exit: Exit.Exit<unknown, unknown>) {
    this.stages.exited(this.request, exit)
  }
}

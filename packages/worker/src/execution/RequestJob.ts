/**
 * A request as the pool sees it: something that gets a slot, and ends.
 *
 * @since 0.1.0
 */
import type * as Exit from "effect/Exit"
import type { Job } from "../pool/Pool.ts"
import type { Executor } from "./Executor.ts"
import type { Request } from "./Request.ts"

export class RequestJob implements Job {
  readonly executor: Executor
  readonly request: Request

  constructor(executor: Executor, request: Request) {
    this.executor = executor
    this.request = request
  }

  get id() {
    return this.request.id
  }
  get context() {
    return this.request.registered.context
  }
  accept() {
    return this.executor.accept(this.request)
  }
  exited(exit: Exit.Exit<unknown, unknown>) {
    this.executor.exited(this.request, exit)
  }
}

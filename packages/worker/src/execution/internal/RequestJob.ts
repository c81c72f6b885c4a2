/**
 * A request as the pool sees it: something that gets a slot, and ends.
 *
 * @since 0.1.0
 */
import type { After, Job } from "../../pool/Pool.ts"
import type { Outcome } from "../../trace/Outcome.ts"
import type { Work } from "../../trace/Work.ts"
import type { Request } from "../Request.ts"

/** Whoever knows what a request is to come to. */
export interface Stages {
  accept(request: Request): Work | undefined
  started(request: Request): boolean
  ended(request: Request, outcome: Outcome, after: After | undefined): void
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
  accept() {
    return this.stages.accept(this.request)
  }
  started() {
    return this.stages.started(this.request)
  }
  ended(outcome: Outcome, after?: After) {
    this.stages.ended(this.request, outcome, after)
  }
}

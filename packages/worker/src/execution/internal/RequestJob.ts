/**
 * A request as the pool sees it: something that gets a slot, and ends.
 *
 * @since 0.1.0
 */
import type { TimeLimit } from "@celeriac/tasks/protocol/TaskHeaders"
import type { After, Job } from "../../pool/Pool.ts"
import type { Outcome } from "../../trace/Outcome.ts"
import type { Work } from "../../trace/Work.ts"
import type { Request } from "../Request.ts"
import type { Watch } from "./TimeLimits.ts"

/** Whoever knows what a request is to come to. */
export interface Stages {
  accept(job: RequestJob): Work | undefined
  started(job: RequestJob): boolean
  ended(job: RequestJob, outcome: Outcome, after: After | undefined): void
}

export class RequestJob implements Job {
  private readonly stages: Stages
  readonly request: Request
  /** How long it may run, in seconds, once that is known. */
  timeLimit: TimeLimit | undefined = undefined
  /** Over its run, where it has a limit. */
  watch: Watch | undefined = undefined

  constructor(stages: Stages, request: Request) {
    this.stages = stages
    this.request = request
  }

  get id() {
    return this.request.id
  }
  get task() {
    return this.request.task
  }
  accept() {
    return this.stages.accept(this)
  }
  started() {
    return this.stages.started(this)
  }
  ended(outcome: Outcome, after?: After) {
    this.stages.ended(this, outcome, after)
  }
}

/**
 * A request as the pool sees it: something that gets a slot, and ends.
 *
 * @since 0.1.0
 */
import type * as Content from "@celeriac/messaging/Content"
import type { TimeLimit } from "@celeriac/tasks/protocol/TaskHeaders"
import type { After, Job } from "../../pool/Pool.ts"
import type { Outcome } from "../../trace/Outcome.ts"
import type { Work } from "../../trace/Work.ts"
import type { Request } from "../Request.ts"
import * as Mapped from "./Mapped.ts"
import type { Watch } from "./TimeLimits.ts"

/** Whoever knows what a request is to come to. */
export interface Stages {
  /** How bodies are read. */
  readonly coding: Content.DecodeOptions
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
  /** Whose handler it runs. */
  get task() {
    const { message, task } = this.request
    return Mapped.taskOf(task, message, this.stages.coding)
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

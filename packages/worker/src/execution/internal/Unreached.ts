/**
 * What comes of tasks that will not run because one has failed before them: the
 * rest of its chain, and the body of its chord. Each has failed as well, its
 * errbacks are sent, and the chords that it is a part of are told. Source:
 * tasks §8, §10, Celery's `Backend.mark_as_failure` and `chord_error_from_stack`.
 *
 * @since 0.1.0
 */
import { CanvasMessages } from "@celeriac/tasks/canvas/CanvasMessages"
import type { Embed, SignatureJson } from "@celeriac/tasks/protocol/TaskBody"
import type { ExceptionRecord } from "@celeriac/tasks/result/ExceptionRecord"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import type * as SignatureMessage from "@celeriac/tasks/SignatureMessage"
import * as TaskState from "@celeriac/tasks/TaskState"
import * as Canvas from "../../trace/Canvas.ts"
import type { Failure } from "../../trace/Outcome.ts"
import type { Other } from "../Aftermath.ts"
import { type Continuation, nothing, type Part, partOf } from "./Continued.ts"

/** The task that has failed, or that will not run. */
interface About {
  readonly id: string
  readonly rootId: string
}

export class Unreached {
  private readonly write: SignatureMessage.Write

  constructor(write: SignatureMessage.Write) {
    this.write = write
  }

  /** What is behind a task that has failed. Throws what cannot be sent: its errbacks. */
  behind(
    about: About,
    { exception, traceback }: Pick<Failure, "exception" | "traceback">,
    { chain = [], errbacks = [] }: Pick<Embed, "chain" | "errbacks">,
    now: number
  ): Continuation {
    const canvas = new CanvasMessages(this.write, about.id, now)
    if (errbacks.length > 0) {
      canvas.applyGroup(errbacks, [about.id], { parent_id: about.id, root_id: about.rootId })
    }
    const what = { exception, traceback, dateDone: now }
    const others = Canvas.steps(chain).map(({ group, id, replyTo }): Other => ({
      record: ResultRecord.make(id, TaskState.FAILURE, { ...what, groupId: group }),
      addressee: { replyTo, correlationId: id }
    }))
    const parts = Canvas.bodies(chain).flatMap(({ options }): ReadonlyArray<Part> =>
      partOf(
        options?.group_id,
        options?.group_index,
        options?.chord as SignatureJson | undefined, // it was looked at before the task ran
        typeof options?.task_id === "string" ? ResultRecord.make(options.task_id, TaskState.FAILURE, what) : undefined
      )
    )
    return { ...nothing, messages: canvas.messages, sizes: canvas.sizes, others, parts }
  }

  /** A body that will not run, and what is behind it. */
  body(body: SignatureJson, rootId: string, now: number, exception: ExceptionRecord): Continuation {
    const { chain, link_error, task_id } = body.options ?? {}
    const id = typeof task_id === "string" ? task_id : ""
    const errbacks = link_error == null ? [] : Array.isArray(link_error) ? link_error : [link_error]
    const behind = { chain: [...Array.isArray(chain) ? chain : [], body], errbacks }
    const why = { exception, traceback: undefined }
    try {
      return this.behind({ id, rootId }, why, behind, now)
    } catch {
      return this.behind({ id, rootId }, why, { ...behind, errbacks: undefined }, now)
    }
  }
}

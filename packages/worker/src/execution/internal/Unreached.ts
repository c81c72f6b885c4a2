/**
 * What comes of tasks that will not run because one has failed before them: the
 * rest of its chain, and the body of its chord. Each has failed as well, its
 * errbacks are sent, and the chords that it is a part of are told. Source:
 * tasks §8, §10, Celery's `Backend.mark_as_failure` and `chord_error_from_stack`.
 *
 * @since 0.1.0
 */
import { CanvasMessages } from "@celeriac/tasks/canvas/CanvasMessages"
import { endIdOf, flat, kindOf, linksOf, membersOf } from "@celeriac/tasks/canvas/CanvasShape"
import type { Embed, SignatureJson } from "@celeriac/tasks/protocol/TaskBody"
import type { ExceptionRecord } from "@celeriac/tasks/result/ExceptionRecord"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import type * as SignatureMessage from "@celeriac/tasks/SignatureMessage"
import * as TaskState from "@celeriac/tasks/TaskState"
import * as Equal from "effect/Equal"
import * as Followers from "../../trace/Followers.ts"
import type { Failure } from "../../trace/Outcome.ts"
import * as Aftermath from "../Aftermath.ts"
import { both, type Continuation, nothing, partOf } from "./Continued.ts"

/** The task that has failed, or that will not run. */
interface About {
  readonly id: string
  readonly rootId: string
}

type Why = Pick<Failure, "exception" | "traceback">

export class Unreached {
  private readonly write: SignatureMessage.Write
  private readonly isRevoked: (id: string) => boolean

  /** `isRevoked`: it was called off by itself, and is not told of as failed. */
  constructor(write: SignatureMessage.Write, isRevoked: (id: string) => boolean) {
    this.write = write
    this.isRevoked = isRevoked
  }

  /** What is behind a task that has failed. Throws what cannot be sent: its errbacks. */
  behind(
    about: About,
    { exception, traceback }: Why,
    { chain = [], errbacks = [] }: Pick<Embed, "chain" | "errbacks">,
    now: number
  ): Continuation {
    const canvas = new CanvasMessages(this.write, about.id, now)
    if (errbacks.length > 0) {
      canvas.applyGroup(errbacks, [about.id], { parent_id: about.id, root_id: about.rootId })
    }
    const what = { exception, traceback, dateDone: now }
    const { followers, missing } = Followers.ofSignatures(chain)
    return {
      ...nothing,
      messages: canvas.messages,
      sizes: canvas.sizes,
      others: followers.map((one) =>
        Aftermath.ofUnsent(
          { ...one, isRevoked: this.isRevoked(one.id) },
          // Of one that did not run: whoever looks at it finds what was sent because of it.
          one.id === about.id ? { ...what, children: canvas.trail } : what
        )
      ),
      parts: missing.flatMap(({ body, groupId, id, index }) =>
        partOf(groupId, index, body, ResultRecord.make(id, TaskState.FAILURE, what))
      )
    }
  }

  /**
   * A body that will not run, and what is behind it. The members of a group have
   * failed with the `culprit`, where there is one, and each has its errbacks.
   */
  body(
    body: SignatureJson,
    rootId: string,
    now: number,
    exception: ExceptionRecord,
    culprit: ExceptionRecord = exception
  ): Continuation {
    const { chain } = body.options ?? {}
    const rest = this.sending({ id: endIdOf(body), rootId }, { exception, traceback: undefined }, {
      chain: Array.isArray(chain) ? chain : [],
      errbacks: undefined
    }, now)
    const why = { exception: culprit, traceback: undefined }
    if (kindOf(body) !== "group") {
      const errbacks = without(errbacksOf(body), body.options?.chord as SignatureJson | undefined) // it was looked at
      const own = this.sending({ id: endIdOf(body), rootId }, { ...why, exception }, { chain: [body], errbacks }, now)
      return both(own, rest)
    }
    const { chord, group_id, task_id } = body.options ?? {}
    return flat(membersOf(body)).reduce((all, member) => {
      const errbacks = distinct([...errbacksOf(member), ...linkedTo(body)])
      const own = { ...member, options: { chord, group_id: group_id ?? task_id, ...member.options } }
      return both(all, this.sending({ id: endIdOf(member), rootId }, why, { chain: [own], errbacks }, now))
    }, rest)
  }

  /** With its errbacks, if they can be sent. */
  private sending(about: About, why: Why, embed: Pick<Embed, "chain" | "errbacks">, now: number): Continuation {
    try {
      return this.behind(about, why, embed, now)
    } catch {
      return this.behind(about, why, { ...embed, errbacks: undefined }, now)
    }
  }
}

const linkedTo = (signature: SignatureJson): ReadonlyArray<SignatureJson> =>
  linksOf(signature, "link_error") as ReadonlyArray<SignatureJson> // they were looked at

/** Of whoever waits for it: a chord comes to what its body does, whose errbacks are the chord's. */
const errbacksOf = (signature: SignatureJson): ReadonlyArray<SignatureJson> => {
  const own = linkedTo(signature)
  switch (kindOf(signature)) {
    case "chord":
      return [...own, ...errbacksOf(signature.kwargs?.body as SignatureJson)] // it was looked at
    case "group":
      return [...own, ...membersOf(signature).flatMap(errbacksOf)]
    default:
      return own
  }
}

/** The body around it fails too, and sends its own: what was linked to both as one is sent once. */
const without = (errbacks: ReadonlyArray<SignatureJson>, around: SignatureJson | undefined) => {
  if (errbacks.length === 0 || around == null) return errbacks
  const others = errbacksOf(around)
  return errbacks.filter((errback) => !others.some((other) => Equal.equals(errback, other)))
}

/** Each once. */
const distinct = (errbacks: ReadonlyArray<SignatureJson>) =>
  errbacks.filter((errback, index) => errbacks.findIndex((one) => Equal.equals(one, errback)) === index)

/**
 * What takes the place of a task, as it is sent: under the task's id, with what
 * follows the task. Source: tasks §9, Celery's `Task.replace`.
 *
 * What follows is linked to the end of it, each once: to the last step of a
 * chain, to the body of a chord. A group is given a body, which makes a list of
 * its results.
 *
 * @since 0.1.0
 */
import * as SignatureOptions from "../protocol/SignatureOptions.ts"
import type { Embed, SignatureJson } from "../protocol/TaskBody.ts"
import { kindOf, membersOf, stepsOf } from "./CanvasShape.ts"

/** The task that is replaced. */
export interface Replaced {
  readonly id: string
  readonly group: string | undefined
  readonly groupIndex: number | undefined
  readonly rootId: string
  readonly replyTo: string | undefined
  /** How often that happened before. */
  readonly replacedTaskNesting: number
}

/** Why it can take nobody's place, if it cannot. */
export const problem = (signature: SignatureJson): string | undefined => {
  if (signature.options?.chord != null) return "A signature replacing a task must not be part of a chord"
  return kindOf(signature) === "chain" && stepsOf(membersOf(signature)).length === 0
    ? "Cannot replace with an empty chain"
    : undefined
}

/** The signature that is sent instead of it. */
export const of = (signature: SignatureJson, request: Replaced, follows: Embed): SignatureJson => {
  const nesting = request.replacedTaskNesting + 1
  const deeper = (one: SignatureJson): SignatureJson => withOptions(one, { replaced_task_nesting: nesting })
  const ended = gathered(signature)
  const linked = link(ended, follows)
  const whole = kindOf(linked) === "chain"
    ? { ...linked, kwargs: { ...linked.kwargs, tasks: membersOf(linked).map(deeper) } }
    : linked
  const behind = follows.chain ?? []
  return withOptions(whole, {
    task_id: request.id,
    group_id: request.group,
    group_index: request.groupIndex,
    root_id: request.rootId,
    chord: follows.chord,
    chain: behind.length === 0 ? undefined : behind.map(deeper),
    replaced_task_nesting: nesting,
    reply_to: request.replyTo
  })
}

/** What ends in a group ends in a task that makes a list of its results. */
const gathered = (signature: SignatureJson): SignatureJson => {
  switch (kindOf(signature)) {
    case "group": {
      const { options, ...group } = signature
      return {
        task: "celery.chord",
        args: [],
        kwargs: { header: { ...group, options }, body: accumulate },
        options: {},
        subtask_type: "chord",
        immutable: false
      }
    }
    case "chain": {
      const tasks = membersOf(signature)
      return { ...signature, kwargs: { ...signature.kwargs, tasks: [...tasks.slice(0, -1), gathered(tasks.at(-1)!)] } }
    }
    default:
      return signature
  }
}

const accumulate: SignatureJson = {
  task: "celery.accumulate",
  args: [],
  kwargs: { index: 0 },
  options: {},
  subtask_type: null,
  immutable: false
}

const link = (signature: SignatureJson, { callbacks = [], errbacks = [] }: Embed): SignatureJson => {
  if (kindOf(signature) === "chord") {
    const body = signature.kwargs?.body as SignatureJson // it was looked at
    const linked = { ...body, options: append(body.options ?? {}, callbacks, errbacks) }
    return { ...signature, kwargs: { ...signature.kwargs, body: linked } }
  }
  return { ...signature, options: append(signature.options ?? {}, callbacks, errbacks) }
}

const append = (
  options: SignatureOptions.Wire,
  callbacks: ReadonlyArray<SignatureJson>,
  errbacks: ReadonlyArray<SignatureJson>
): SignatureOptions.Wire => {
  const linked = callbacks.reduce((all, one) => SignatureOptions.append(all, "link", one), options)
  return errbacks.reduce((all, one) => SignatureOptions.append(all, "link_error", one), linked)
}

const withOptions = (signature: SignatureJson, options: SignatureOptions.Wire): SignatureJson => ({
  ...signature,
  options: { ...signature.options, ...Object.fromEntries(Object.entries(options).filter(([, value]) => value != null)) }
})

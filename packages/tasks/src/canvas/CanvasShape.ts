/**
 * What shape a signature has, as it stands in messages: a single task, a chain,
 * a group or a chord, and what is in it. Source: tasks §9, §17.
 *
 * Whoever reads a signature from elsewhere has looked at it before: members that
 * are no signatures are not expected here.
 *
 * @since 0.1.0
 */
import type { SignatureJson } from "../protocol/TaskBody.ts"
import * as ResultTuple from "../result/ResultTuple.ts"

/** `""` is a single task; a type that is not known is given as it is. */
export const kindOf = ({ subtask_type, task }: SignatureJson): string =>
  subtask_type ?? (/^celery\.(chain|group|chord)$/.test(task) ? task.slice("celery.".length) : "")

/** Whether it comes to several messages, or may. */
export const isComposed = (signature: SignatureJson): boolean => composed.has(kindOf(signature))

const composed: ReadonlySet<string> = new Set(["chain", "group", "chord"])

/** Whether it may be one. */
export const isSignature = (value: unknown): value is SignatureJson =>
  typeof value === "object" && value !== null && "task" in value

/** Of a chain or a group. */
export const membersOf = ({ kwargs }: SignatureJson): ReadonlyArray<SignatureJson> =>
  (kwargs?.tasks ?? []) as ReadonlyArray<SignatureJson>

/** The members of a group inside come out in reverse order, as Celery freezes them. */
export const flat = (members: ReadonlyArray<SignatureJson>): ReadonlyArray<SignatureJson> =>
  members.flatMap((member) => {
    switch (kindOf(member)) {
      case "group":
        return flat(membersOf(member).toReversed())
      case "chain":
        return membersOf(member).length === 0 ? [] : [member]
      default:
        return [member]
    }
  })

/** In the order in which they run: chains in one another are one, and a group that is followed is a chord. */
export const stepsOf = (tasks: ReadonlyArray<SignatureJson>): ReadonlyArray<SignatureJson> => {
  const steps: Array<SignatureJson> = []
  const left = tasks.toReversed()
  while (left.length > 0) {
    const step = single(left.pop()!)
    if (kindOf(step) === "chain") left.push(...membersOf(step).toReversed())
    else steps.push(step)
  }
  const out: Array<SignatureJson> = []
  const kept = steps.filter((step) => !isEmptyGroup(step))
  for (const step of (kept.length === 0 ? steps.slice(0, 1) : kept).toReversed()) {
    const next = out[0]
    if (kindOf(step) !== "group" || next === undefined) out.unshift(step)
    else {
      out[0] = { task: "celery.chord", kwargs: { header: step, body: next }, options: {}, subtask_type: "chord" }
    }
  }
  return out
}

/**
 * As they are sent: what follows the first task of a chord's body follows the
 * chord. Each part of the header carries the body, and would carry all of it.
 */
export const unrolled = (steps: ReadonlyArray<SignatureJson>): ReadonlyArray<SignatureJson> =>
  steps.flatMap((step) => {
    const body = kindOf(step) === "chord" ? step.kwargs?.body : undefined
    if (!isSignature(body) || kindOf(body) !== "chain") return [step]
    const members = membersOf(body)
    // A group that is followed is a chord of its own.
    if (members[0] === undefined || kindOf(members[0]) === "group") return [step]
    const { link, link_error, task_id, ...ofFirst } = body.options ?? {}
    const all = unrolled(stepsOf(members))
    const [first, ...rest] = Array.from(all, (one, at) => {
      const isLast = at === all.length - 1
      return {
        ...one,
        options: {
          ...one.options,
          ...(at === 0 ? ofFirst : {}),
          ...(isLast ? { task_id: one.options?.task_id ?? task_id ?? step.options?.task_id } : {}),
          ...behind(one, "link", isLast ? link : undefined),
          ...behind(one, "link_error", link_error)
        }
      }
    })
    const { header } = step.kwargs ?? {}
    const options = { ...step.options, task_id: isSignature(header) ? header.options?.task_id : undefined }
    return [{ ...step, kwargs: { ...step.kwargs, body: first }, options }, ...rest]
  })

/** Besides its own. */
const behind = (step: SignatureJson, name: "link" | "link_error", more: unknown): Record<string, unknown> =>
  more == null ? {} : { [name]: [...linksOf(step, name), ...linksOf({ task: "", options: { [name]: more } }, name)] }

/** Nothing is to be done: it is left out where there is something else. */
const isEmptyGroup = (step: SignatureJson): boolean => kindOf(step) === "group" && flat(membersOf(step)).length === 0

const single = (step: SignatureJson): SignatureJson => {
  const members = kindOf(step) === "group" ? membersOf(step) : []
  return members.length === 1 ? members[0]! : step
}

/** Of how many parts a chord knows when these are its header. */
export const sum = (members: ReadonlyArray<SignatureJson>): number => members.reduce((all, one) => all + sizeOf(one), 0)

const sizeOf = (signature: SignatureJson): number => {
  switch (kindOf(signature)) {
    case "group":
      return sum(flat(membersOf(signature)))
    case "chain": {
      const last = stepsOf(membersOf(signature)).at(-1)
      return last === undefined ? 0 : sizeOf(last)
    }
    case "chord":
      return sizeOf(signature.kwargs?.body as SignatureJson) // a chord has one
    default:
      return 1
  }
}

/** What is linked to it: one stands for a list of it. */
export const linksOf = ({ options }: SignatureJson, name: "link" | "link_error"): ReadonlyArray<unknown> => {
  const links = options?.[name]
  return links == null ? [] : Array.isArray(links) ? links : [links]
}

/** The id that whoever waits for all of it knows, or an empty one: a chain comes to what its last step does, and a chord to what its body does. */
export const endIdOf = (signature: SignatureJson): string => {
  const end = kindOf(signature) === "chain"
    ? stepsOf(membersOf(signature)).at(-1)
    : kindOf(signature) === "chord"
    ? signature.kwargs?.body as SignatureJson | undefined // it was looked at
    : undefined
  const id = end === undefined ? "" : endIdOf(end)
  const { task_id } = signature.options ?? {}
  return id === "" && typeof task_id === "string" ? task_id : id
}

/** What it comes to is in this group, unless it is in another one: a task, the last of a chain, the members of a group, a body. */
export const endingIn = (signature: SignatureJson, groupId: unknown): SignatureJson => {
  const kwargs = signature.kwargs ?? {}
  const members = membersOf(signature)
  const end = (one: SignatureJson) => endingIn(one, groupId)
  const options = { ...signature.options, group_id: signature.options?.group_id ?? groupId }
  switch (kindOf(signature)) {
    case "chain":
      return { ...signature, kwargs: { ...kwargs, tasks: [...members.slice(0, -1), ...members.slice(-1).map(end)] } }
    case "group":
      return { ...signature, kwargs: { ...kwargs, tasks: members.map(end) }, options }
    case "chord":
      return isSignature(kwargs.body) ? { ...signature, kwargs: { ...kwargs, body: end(kwargs.body) } } : signature
    default:
      return { ...signature, options }
  }
}

/**
 * A member of a group, as it is sent with it: it keeps the group that it has.
 * But what a chord comes to is in this one, as in Celery, unless it `isCounted`
 * for the one that it has.
 */
export const memberIn = (
  signature: SignatureJson,
  groupId: string,
  index: number,
  isCounted: boolean
): SignatureJson => {
  const options = { ...signature.options, group_id: signature.options?.group_id ?? groupId, group_index: index }
  return kindOf(signature) === "chord" && !isCounted
    ? { ...comingIn(signature, groupId), options }
    : { ...signature, options }
}

const comingIn = (signature: SignatureJson, groupId: string): SignatureJson => {
  const { kwargs, options } = signature
  switch (kindOf(signature)) {
    case "chord":
      return isSignature(kwargs?.body)
        ? { ...signature, kwargs: { ...kwargs, body: comingIn(kwargs.body, groupId) } }
        : signature
    case "":
      return { ...signature, options: { ...options, group_id: groupId } }
    default:
      return signature
  }
}

/** What comes of it when it follows this one, by the ids that it has; a group whose members have none stands as a task. */
export const resultOf = (signature: SignatureJson, parent?: ResultTuple.ResultTuple): ResultTuple.ResultTuple => {
  const { body, header } = signature.kwargs ?? {}
  const id = String(signature.options?.task_id ?? "")
  switch (kindOf(signature)) {
    case "chain":
      return stepsOf(membersOf(signature)).reduce<ResultTuple.ResultTuple | undefined>(
        (before, step) => resultOf(step, before),
        parent
      ) ?? ResultTuple.task(id, parent)
    case "chord":
      return isSignature(header) && isSignature(body)
        ? resultOf(body, resultOf(header, parent))
        : ResultTuple.task(endIdOf(signature), parent)
    case "group": {
      const members = flat(membersOf(signature)).map((member) => resultOf(member))
      return members.every((member) => member.id !== "")
        ? ResultTuple.group(id, members, parent)
        : ResultTuple.task(id, parent)
    }
    default:
      return ResultTuple.task(id, parent)
  }
}

/** Of a header with members that come to several results, and are all known by their ids. */
export const shapeOf = (
  id: string,
  members: ReadonlyArray<SignatureJson>,
  parts: ResultTuple.ResultTuple
): ResultTuple.ResultTuple | undefined => {
  const ends = members.map(groupOf)
  return ends.some((end) => end !== undefined)
    ? ResultTuple.group(id, members.map((_, index) => ends[index] ?? parts.members![index]!))
    : undefined
}

/** The group that a chain ends in, or a chord comes to. */
const groupOf = (signature: SignatureJson): ResultTuple.ResultTuple | undefined => {
  const end = endOf(signature)
  if (!isSignature(end)) return undefined
  if (kindOf(end) !== "group") return groupOf(end)
  const results = flat(membersOf(end)).map((one) => groupOf(one) ?? ResultTuple.task(endIdOf(one)))
  const id = end.options?.task_id
  return typeof id === "string" && results.every((one) => one.id !== "") ? ResultTuple.group(id, results) : undefined
}

const endOf = (signature: SignatureJson): unknown => {
  switch (kindOf(signature)) {
    case "chain":
      return stepsOf(membersOf(signature)).at(-1)
    case "chord":
      return signature.kwargs?.body
    default:
      return undefined
  }
}

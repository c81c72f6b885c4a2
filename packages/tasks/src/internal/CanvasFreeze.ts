/**
 * Gives every task of a signature its id before anything is sent, so that whoever
 * sends it holds the results of all of them: of the steps of a chain, of the
 * members of groups, of the bodies of chords. Celery's `freeze`.
 *
 * Groups are flattened, and what a group in a chain is followed by makes a chord,
 * as `CanvasMessages` would do it. A header does not carry its body yet: that is
 * added to each of its messages when they are sent. Source: tasks §17.
 *
 * @since 0.1.0
 */
import { Unsendable } from "../canvas/CanvasMessages.ts"
import { endingIn, flat, isSignature, kindOf, membersOf, stepsOf } from "../canvas/CanvasShape.ts"
import type { SignatureJson } from "../protocol/TaskBody.ts"

/** What a signature will come to: the result of a task by its id, or of a group by its members. */
export class FrozenResult {
  readonly id: string
  /** The task that gives it; undefined for a group. */
  readonly signature: SignatureJson | undefined
  readonly members: ReadonlyArray<FrozenResult> | undefined
  /** What it follows. */
  parent: FrozenResult | undefined

  constructor(id: string, signature: SignatureJson | undefined, members?: ReadonlyArray<FrozenResult>) {
    this.id = id
    this.signature = signature
    this.members = members
  }
}

/** A signature with ids, and what it will come to. */
interface Frozen {
  readonly json: SignatureJson
  readonly result: FrozenResult
}

/** How ids are given, and what is said of every task besides. */
interface Freezing {
  readonly newId: () => string
  /** More options of this task, where it does not say them itself. */
  readonly optionsOf: (signature: SignatureJson) => Readonly<Record<string, unknown>>
  /** Told of each chord. */
  readonly onChord: () => void
}

/** Throws `Unsendable` for one that has nothing to be sent. */
export const freeze = (signature: SignatureJson, freezing: Freezing): Frozen =>
  freezeIn(kindOf(signature) === "group" ? inOrder(signature) : signature, freezing, {})

/** A group that is sent by itself keeps the order of its groups; they turn it elsewhere. */
const inOrder = (signature: SignatureJson): SignatureJson => {
  const members = (group: SignatureJson): ReadonlyArray<SignatureJson> =>
    membersOf(group).flatMap((member) => kindOf(member) === "group" ? members(member) : [member])
  return { ...signature, kwargs: { ...signature.kwargs, tasks: members(signature) } }
}

/** Where it stands. */
interface Place {
  /** Its id, where it has none. */
  readonly id?: string | undefined
  /** The group to which its last tasks belong. */
  readonly groupId?: string | undefined
}

const freezeIn = (signature: SignatureJson, freezing: Freezing, place: Place): Frozen => {
  switch (kindOf(signature)) {
    case "chain":
      return chain(signature, freezing, place)
    case "group":
      return group(signature, freezing, place.groupId)
    case "chord":
      return chord(signature, freezing, place)
    default:
      return task(signature, freezing, place)
  }
}

const task = (signature: SignatureJson, freezing: Freezing, { id }: Place): Frozen => {
  const own = text(signature.options?.task_id) ?? id ?? freezing.newId()
  const options = { ...freezing.optionsOf(signature), ...signature.options, task_id: own }
  const json = { ...signature, options }
  return { json, result: new FrozenResult(own, json) }
}

/** `within` is the group that waits for it, when it ends a member of that one. */
const group = (signature: SignatureJson, freezing: Freezing, within: string | undefined): Frozen => {
  const id = text(signature.options?.task_id) ?? freezing.newId()
  const members = flat(membersOf(signature)).map((member) => {
    const { json, result } = freezeIn(member, freezing, { groupId: within ?? id })
    return { json: within === undefined ? json : endingIn(json, within), result }
  })
  return {
    json: {
      ...signature,
      kwargs: { ...signature.kwargs, tasks: members.map(({ json }) => json) },
      options: { ...signature.options, task_id: id }
    },
    result: new FrozenResult(id, undefined, members.map(({ result }) => result))
  }
}

const chord = (signature: SignatureJson, freezing: Freezing, { groupId, id }: Place): Frozen => {
  freezing.onChord()
  const { body, header } = signature.kwargs ?? {}
  const before = group(
    isSignature(header)
      ? header
      : { task: "celery.group", kwargs: { tasks: header }, options: {}, subtask_type: "group" },
    freezing,
    undefined
  )
  const after = freezeIn(
    body as SignatureJson, // whoever read it has looked at it
    freezing,
    { groupId, id: text(signature.options?.task_id) ?? id }
  )
  first(after.result).parent = before.result
  return {
    json: {
      ...signature,
      kwargs: { ...signature.kwargs, header: before.json, body: after.json },
      // Python's workers make a group of the header anew, which has the id of the chord.
      options: { ...signature.options, task_id: before.result.id }
    },
    result: after.result
  }
}

const chain = (signature: SignatureJson, freezing: Freezing, { groupId, id }: Place): Frozen => {
  const steps = stepsOf(membersOf(signature))
  const own = text(signature.options?.task_id) ?? id
  const frozen = steps.map((step, index) =>
    freezeIn(step, freezing, index === steps.length - 1 ? { groupId, id: own } : {})
  )
  let last: FrozenResult | undefined
  for (const { result } of frozen) {
    if (last !== undefined) first(result).parent = last
    last = result
  }
  if (last === undefined) throw new Unsendable("a chain has no tasks")
  return {
    json: { ...signature, kwargs: { ...signature.kwargs, tasks: frozen.map(({ json }) => json) } },
    result: last
  }
}

/** The earliest of those that it follows. */
const first = (result: FrozenResult): FrozenResult => {
  let earliest = result
  while (earliest.parent !== undefined) earliest = earliest.parent
  return earliest
}

const text = (value: unknown): string | undefined => typeof value === "string" && value !== "" ? value : undefined

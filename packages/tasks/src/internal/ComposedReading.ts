/** Chains, groups and chords as they stand in messages, read into what they are made of. */
import * as Result from "effect/Result"
import { isSignature, kindOf } from "../canvas/CanvasShape.ts"
import * as TaskBody from "../protocol/TaskBody.ts"
import * as Composed from "./Composed.ts"
import * as Signed from "./Signed.ts"

/** Any signature. One of several tasks that is not made as it should be stays as it is: it cannot be sent. */
export const read = (json: TaskBody.SignatureJson): Signed.Signed => readIn(json, deepest) ?? Signed.fromJson(json)

/** Deeper than anybody nests. */
const deepest = 64

const readIn = (json: TaskBody.SignatureJson, depth: number): Signed.Signed | undefined => {
  if (depth === 0) return undefined
  const { body, header, tasks } = json.kwargs ?? {}
  const kind = kindOf(json)
  switch (kind) {
    case "":
      return Signed.fromJson(json)
    case "chain":
    case "group": {
      const members = readAll(tasks, depth)
      return members === undefined ? undefined : new Composed.Composed(stateOf(json), { kind, tasks: members })
    }
    case "chord": {
      const group = isSignature(header) && kindOf(header) === "group" ? readIn(header, depth) : undefined
      const members = group !== undefined && Composed.isGroup(group) ? group.shape.tasks : readAll(header, depth)
      const [last] = readAll([body], depth) ?? []
      if (members === undefined || last === undefined) return undefined
      return new Composed.Composed(stateOf(json), {
        kind,
        header: members,
        body: last,
        group: group !== undefined && Composed.isGroup(group) ? group : undefined
      })
    }
    default:
      return undefined
  }
}

const readAll = (value: unknown, depth: number): ReadonlyArray<Signed.Signed> | undefined => {
  if (!Array.isArray(value)) return undefined
  const out: Array<Signed.Signed> = []
  for (const item of value) {
    const json = TaskBody.decodeSignature(item)
    const signature = Result.isSuccess(json) ? readIn(json.success, depth - 1) : undefined
    if (signature === undefined) return undefined
    out.push(signature)
  }
  return out
}

const stateOf = (json: TaskBody.SignatureJson): Signed.State => Signed.fromJson(json).state

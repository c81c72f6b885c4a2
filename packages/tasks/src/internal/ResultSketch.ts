/**
 * What is drawn of a result: what its tasks came to, from the records of the
 * result backend, and from what monitors know of them.
 */
import * as Effect from "effect/Effect"
import type { AsyncResult } from "../AsyncResult.ts"
import type { ResultError } from "../result/ResultError.ts"
import * as ResultRecord from "../result/ResultRecord.ts"
import type { AnyIdentified } from "../ResultBase.ts"
import * as TaskState from "../TaskState.ts"
import type { GroupResult, Members } from "./Grouped.ts"
import * as Sketch from "./Sketch.ts"

/** What is known of a task besides its record: a `TaskView` of `ClusterState` is one. */
interface Known {
  readonly name?: string | undefined
  /** As Python prints them: `(2, 3)`. */
  readonly args?: string | undefined
  readonly state?: TaskState.TaskState | undefined
  readonly worker?: string | undefined
  /** In seconds. */
  readonly runtime?: number | undefined
}

export type Knows = (id: string) => Known | undefined

export const make = (
  result: AnyIdentified,
  bounds: Sketch.Bounds,
  knows: Knows
): Effect.Effect<Sketch.Sketch, ResultError> => {
  /** Each once, though records name each other: what is drawn as a step or a member is no child besides. */
  const seen = new Set<string>()
  const see = (root: AnyIdentified): void => {
    const left = [root]
    for (let one = left.pop(); one !== undefined; one = left.pop()) {
      seen.add(one.id)
      if (one.parent !== undefined) left.push(one.parent)
      if (isGroup(one)) left.push(...one.results)
    }
  }

  /** With what it followed in front of it. */
  const whole = (last: AnyIdentified, depth: number): Effect.Effect<Sketch.Sketch, ResultError> =>
    Effect.gen(function*() {
      if (depth > Sketch.deepest) return Sketch.omitted()
      const line: Array<AnyIdentified> = []
      for (let one: AnyIdentified | undefined = last; one !== undefined; one = one.parent) line.push(one)
      const steps = yield* Effect.forEach(
        Sketch.shown(line.toReversed(), bounds.most, true),
        (step) => "_tag" in step ? Effect.succeed(step) : single(step, depth)
      )
      const all: Array<Sketch.Sketch> = []
      for (const step of steps) {
        const before = all.at(-1)
        if (before?._tag === "Group") all.splice(-1, 1, { _tag: "Chord", header: before, body: step, after: [] })
        else all.push(step)
      }
      return all.length === 1 ? all[0]! : { _tag: "Chain", steps: all, after: [] }
    })

  const single = (one: AnyIdentified, depth: number): Effect.Effect<Sketch.Sketch, ResultError> =>
    isGroup(one)
      ? Effect.map(
        Effect.forEach(
          one.results.slice(0, Sketch.shownOf(one.results.length, bounds.most)),
          (member) => whole(member, depth + 1),
          { concurrency: 16 }
        ),
        (members): Sketch.Sketch => ({ _tag: "Group", size: one.results.length, members, after: [] })
      )
      : task(one as AsyncResult<unknown, unknown>, depth) // it is of no group

  const task = (one: AsyncResult<unknown, unknown>, depth: number): Effect.Effect<Sketch.Sketch, ResultError> =>
    Effect.gen(function*() {
      if (!Sketch.take(bounds)) return Sketch.omitted()
      const record = yield* one.record
      const known = knows(one.id)
      const children = record?.children === undefined || record.children.length === 0 ? [] : (yield* one.children) ?? []
      const others = children.filter(({ id }) => !seen.has(id))
      for (const other of others) see(other)
      const sent = yield* Effect.forEach(
        Sketch.shown(others, bounds.most),
        (child) => "_tag" in child ? Effect.succeed(child) : whole(child, depth + 1)
      )
      return {
        _tag: "Task",
        title: titleOf(one.id, record, known),
        notes: notesOf(record, known),
        state: record?.status ?? known?.state ?? TaskState.PENDING,
        after: sent.map((to) => ({ kind: "sent", to }))
      }
    })

  return Effect.suspend(() => {
    see(result)
    return whole(result, 0)
  })
}

const isGroup = (result: AnyIdentified): result is GroupResult<Members, unknown> => "results" in result

/** The call where it is known, else the id. */
const titleOf = (id: string, record: ResultRecord.ResultRecord | undefined, known: Known | undefined): string => {
  const { args, kwargs, name = known?.name } = record?.extended ?? {}
  if (name === undefined) return Sketch.short(id, 36)
  if (Array.isArray(args)) return name + Sketch.callOf([], args, (kwargs ?? {}) as Readonly<Record<string, unknown>>) // what is no table has no entries
  return name + Sketch.short(known?.args ?? (typeof args === "string" ? args : ""), 48)
}

const notesOf = (record: ResultRecord.ResultRecord | undefined, known: Known | undefined): ReadonlyArray<string> => {
  const done = record === undefined ? undefined : ResultRecord.doneMillis(record)
  const failure = record === undefined ? undefined : ResultRecord.failure(record)
  const worker = record?.extended?.worker ?? known?.worker
  const retries = record?.extended?.retries ?? 0
  return [
    record?.status ?? known?.state ?? TaskState.PENDING,
    ...done === undefined ? [] : [new Date(done).toISOString().slice(0, 19).replace("T", " ")],
    ...known?.runtime === undefined ? [] : [`took ${Number(known.runtime.toPrecision(3))} s`],
    ...worker === undefined ? [] : [Sketch.short(worker, 32)],
    ...retries === 0 ? [] : [`retries ${retries}`],
    ...failure === undefined ? [] : [Sketch.short(failure.message, 48)]
  ]
}

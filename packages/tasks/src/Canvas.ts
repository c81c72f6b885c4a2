/**
 * Workflows: tasks one after another, side by side, and what comes when all of
 * them are done. Celery's canvas.
 *
 * ```ts
 * const report = Canvas.chain(
 *   fetch.s({ url }),
 *   Canvas.group(words.s(), links.s()),
 *   summarize.s()
 * )
 * const sent = yield* client.delay(report)
 * ```
 *
 * All of them are `Signature`s, made of signatures, nested in any order: they are
 * cloned, linked, stamped, stored as JSON and sent as one task is. A chain
 * compiles only when the result of each fits what the next still lacks; that this
 * is its first parameter, where results go, is told when it is sent. A group that
 * is followed by something in a chain is a chord: what follows takes the list of
 * results. A group in a group is part of it.
 * Source: the guide's chapter on canvas, protocol §1.4.
 *
 * @since 0.1.0
 */
import type * as Result from "effect/Result"
import type * as Arguments from "./Arguments.ts"
import * as CanvasSize from "./canvas/CanvasSize.ts"
import type { Chain, Chord, Fitting, FittingBody, Group, Header, Like } from "./canvas/CanvasTypes.ts"
import * as Stamping from "./canvas/StampingVisitor.ts"
import * as ChainFolding from "./internal/ChainFolding.ts"
import * as Composed from "./internal/Composed.ts"
import * as Mapped from "./internal/Mapped.ts"
import * as Signed from "./internal/Signed.ts"
import type * as Signature from "./Signature.ts"
import type * as Task from "./Task.ts"
import type { TaskError } from "./TaskError.ts"

export { draw } from "./canvas/CanvasDrawing.ts"
export type { Chain, Chord, Group, Like } from "./canvas/CanvasTypes.ts"
export type { StampingVisitor } from "./canvas/StampingVisitor.ts"

/**
 * One after the other, each with the result of the one before in front of its
 * arguments. Of those that come from a list it is not known what each takes.
 */
export const chain = <const S extends ReadonlyArray<Signature.Any>>(
  ...tasks: S & Fitting<S>
): Chain<S> => cast(ChainFolding.fold(tasks.map(signed)))

/**
 * Side by side. Of these, or of however many of one kind there are: those of a
 * list come to a list, also when it is a list of one.
 */
export const group: {
  <const S extends readonly [Signature.Any, ...ReadonlyArray<Signature.Any>]>(...tasks: S): Group<S>
  <S extends Signature.Any>(tasks: Iterable<S>): Like<S>
} = (...tasks: ReadonlyArray<unknown>): any => { // what its types say
  const [first] = tasks
  const isList = !Signed.isSigned(first) && tasks.length === 1
  const members = isList ? Array.from(first as Iterable<Signature.Any>) : tasks as ReadonlyArray<Signature.Any> // so say its types
  return cast(Composed.make({ kind: "group", tasks: flat(members.map(signed)), isList }))
}

/** Side by side, and then the body with the list of their results. */
export const chord = <const H extends Header, B extends Signature.Any>(
  header: H,
  body: B & FittingBody<H, B>
): Chord<H, B> => {
  const members = Signed.isSigned(header) ? [header] : Array.from(header as Iterable<Signature.Any>, signed) // so says its type
  return cast(Composed.make({ kind: "chord", header: flat(members), body: signed(body) }))
}

/** A task that is called with each of these, one after the other, in one message: its first parameter takes them. */
export const map = <T extends Task.Any>(
  task: T,
  items: Iterable<Signature.Takes<Arguments.Lacking<T["parameters"]>>>
): Signature.Signature<Signature.Immutable, ReadonlyArray<Task.Success<T>>, Task.Failure<T>> =>
  cast(Mapped.map(task, Array.from(items, (item) => [item])))

/** The same, with all its arguments by position for each call. */
export const starmap = <T extends Task.Any>(
  task: T,
  items: Iterable<Arguments.Positional<T["parameters"]>>
): Signature.Signature<Signature.Immutable, ReadonlyArray<Task.Success<T>>, Task.Failure<T>> =>
  cast(Mapped.starmap(task, Array.from(items)))

/** `starmap` in messages of so many calls each, side by side. */
export const chunks = <T extends Task.Any>(
  task: T,
  items: Iterable<Arguments.Positional<T["parameters"]>>,
  size: number
): Like<Signature.Signature<Signature.Immutable, ReadonlyArray<Task.Success<T>>, Task.Failure<T>>> =>
  cast(Mapped.chunks(task, Array.from(items), size))

/** Stamped part by part, as a visitor says: see `StampingVisitor`. Throws what it throws. */
export const stamp = <S extends Signature.Any>(
  signature: S,
  visitor: Stamping.StampingVisitor,
  options?: Stamping.Options
): S => cast(Stamping.stamp(signed(signature), visitor, options))

/**
 * How many messages it is sent in, and how large they are in JSON: all of them,
 * and the largest. `client` refuses one above the setting `maxCanvasMessageSize`.
 */
export const size: (signature: Signature.Any) => Result.Result<CanvasSize.CanvasSize, TaskError> = CanvasSize.of

/** A group in a group is part of it: what was said of it is said of its members. */
const flat = (tasks: ReadonlyArray<Signed.Signed>): ReadonlyArray<Signed.Signed> =>
  tasks.flatMap((task) => {
    if (!Composed.isGroup(task)) return [task]
    const { task_id: _, ...options } = task.options
    return flat(task.shape.tasks.map((member) => member.merged(options)))
  })

/** Whoever has made one has made it so. */
const signed = (signature: unknown): Signed.Signed => signature as Signed.Signed

/** The class knows nothing of types. */
const cast = <S>(signed: Signed.Signed): S => signed as unknown as S // what is in it is in types alone

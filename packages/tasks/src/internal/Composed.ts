/**
 * A signature of several tasks: a chain, a group or a chord, with its members
 * as they were given. What `Signed` is for one task.
 *
 * Partial arguments go to whoever gets them when it is sent: the first of a
 * chain, each of a group, each in the header of a chord. Links are where Celery
 * puts them. Source: tasks §9, §17.
 */
import * as Result from "effect/Result"
import type { Callback } from "../Callback.ts"
import * as SignatureOptions from "../protocol/SignatureOptions.ts"
import type { SignatureJson } from "../protocol/TaskBody.ts"
import { because, InvalidOption, type TaskError } from "../TaskError.ts"
import * as Signed from "./Signed.ts"

/** What is in it. */
type Shape = Chain | Group | Chord

export interface Chain {
  readonly kind: "chain"
  readonly tasks: ReadonlyArray<Signed.Signed>
}

export interface Group {
  readonly kind: "group"
  readonly tasks: ReadonlyArray<Signed.Signed>
  /** However many they are: one that is alone is not taken for the member itself. */
  readonly isList?: boolean | undefined
}

export interface Chord {
  readonly kind: "chord"
  readonly header: ReadonlyArray<Signed.Signed>
  readonly body: Signed.Signed
  /** The header's own options, where it is a group that was read. */
  readonly group?: Composed | undefined
  /** What was linked to the chord itself: for the header too, where the setting says so. */
  readonly errbacks?: ReadonlyArray<Callback<never>> | undefined
}

export class Composed extends Signed.Signed {
  readonly shape: Shape

  constructor(state: Signed.State, shape: Shape) {
    super(state)
    this.shape = shape
  }

  /** With more in front of the arguments of those that are sent first. */
  override clone(
    more?: Readonly<Record<string, unknown>> | ReadonlyArray<unknown>,
    options: SignatureOptions.Options = {}
  ): Signed.Signed {
    return (isNothing(more) ? this : new Composed(this.state, given(this.shape, more))).set(options)
  }

  override set(options: SignatureOptions.Options): Signed.Signed {
    const links = options.link !== undefined || options.linkError !== undefined
    return links && this.shape.kind === "group" ? this.refuse("link", linked) : super.set(options)
  }

  override link(callback: Callback<never>): Signed.Signed {
    switch (this.shape.kind) {
      case "chain":
        return super.link(callback)
      case "chord":
        return new Composed(this.state, { ...this.shape, body: this.shape.body.link(callback) })
      case "group":
        return this.refuse("link", linked)
    }
  }

  override onError(errback: Callback<never>): Signed.Signed {
    const { shape } = this
    switch (shape.kind) {
      case "chain":
        return super.onError(errback)
      case "group":
        return new Composed(this.state, { ...shape, tasks: shape.tasks.map((task) => task.onError(errback)) })
      case "chord":
        return new Composed(this.state, {
          ...shape,
          // The chords in it see to their own.
          header: shape.header.map((task) => isChord(task) ? task.onError(errback) : task),
          body: shape.body.onError(errback),
          errbacks: [...shape.errbacks ?? [], errback]
        })
    }
  }

  /** Its members, not itself: and as Celery has it, a chord without its body. */
  override stamp(stamps: Readonly<Record<string, unknown>>): Signed.Signed {
    const links = Result.map(SignatureOptions.stamp(linksOf(this.options), stamps), ({ link, link_error }) => ({
      ...this.options,
      ...(link === undefined ? {} : { link }),
      ...(link_error === undefined ? {} : { link_error })
    }))
    const shape = mapFirst(this.shape, (task) => task.stamp(stamps), true)
    return new Composed(this.state, shape).with(links, (options) => options)
  }

  /** As a callback: there must be a place for what comes in all that get it. */
  override encode(writing?: Signed.Writing): Result.Result<SignatureJson, TaskError> {
    return this.written(true, writing)
  }

  override encodeAlone(writing?: Signed.Writing): Result.Result<SignatureJson, TaskError> {
    return this.written(false, writing)
  }

  protected override again(state: Signed.State): Signed.Signed {
    return new Composed(state, this.shape)
  }

  private written(takes: boolean, writing?: Signed.Writing): Result.Result<SignatureJson, TaskError> {
    const { isImmutable, others, problem, subtaskType, task } = this.state
    if (problem !== undefined) return Result.fail(problem)
    return Result.map(this.parts(takes, writing), (parts): SignatureJson => ({
      task,
      args: this.state.args,
      kwargs: { ...this.state.kwargs, ...parts },
      options: this.options,
      subtask_type: subtaskType ?? null,
      immutable: isImmutable,
      ...others
    }))
  }

  private parts(takes: boolean, writing?: Signed.Writing): Result.Result<Readonly<Record<string, unknown>>, TaskError> {
    const { shape } = this
    switch (shape.kind) {
      case "chain":
        return Result.map(
          encodeAll(shape.tasks, (_, index) => takes || index > 0, writing),
          (tasks) => ({ tasks })
        )
      case "group":
        return Result.map(encodeAll(shape.tasks, () => takes, writing), (tasks) => ({ tasks }))
      case "chord": {
        const header = encodeAll(headerOf(shape, writing), () => takes, writing)
        if (Result.isFailure(header)) return Result.fail(header.failure)
        return Result.map(encodeOne(shape.body, true, writing), (body) => ({
          header: shape.group === undefined
            ? header.success
            : { ...shape.group.toJSON(), kwargs: { ...shape.group.state.kwargs, tasks: header.success } },
          body
        }))
      }
    }
  }

  private refuse(option: string, detail: string): Signed.Signed {
    return this.with(Result.fail(because("send", new InvalidOption({ option, detail }))), () => this.options)
  }
}

const linked = "a group has no callbacks: put a task behind it in a chain, which makes a chord, or link its members"

/** One that was made here. */
export const make = (shape: Shape, options?: SignatureOptions.Wire): Composed =>
  new Composed({
    task: `celery.${shape.kind}`,
    args: [],
    kwargs: shape.kind === "chord" ? { kwargs: {} } : {},
    options,
    isImmutable: false,
    subtaskType: shape.kind
  }, shape)

export const isComposed = (signature: unknown): signature is Composed => signature instanceof Composed

/** A group, which a member of a group would be a part of. */
export const isGroup = (signature: Signed.Signed): signature is Composed & { readonly shape: Group } =>
  isComposed(signature) && signature.shape.kind === "group"

export const isChain = (signature: Signed.Signed): signature is Composed & { readonly shape: Chain } =>
  isComposed(signature) && signature.shape.kind === "chain"

export const isChord = (signature: Signed.Signed): signature is Composed & { readonly shape: Chord } =>
  isComposed(signature) && signature.shape.kind === "chord"

/** Everything that is in it, itself too. */
export const walk = (signature: Signed.Signed, visit: (signature: Signed.Signed) => void): void => {
  visit(signature)
  if (!isComposed(signature)) return
  const { shape } = signature
  for (const task of shape.kind === "chord" ? [...shape.header, shape.body] : shape.tasks) walk(task, visit)
}

/** Those that are sent first, or all of them where they are stamped. */
const mapFirst = (shape: Shape, f: (task: Signed.Signed) => Signed.Signed, all: boolean): Shape => {
  switch (shape.kind) {
    case "chain":
      return { ...shape, tasks: shape.tasks.map((task, index) => all || index === 0 ? f(task) : task) }
    case "group":
      return { ...shape, tasks: shape.tasks.map(f) }
    case "chord":
      return { ...shape, header: shape.header.map(f) }
  }
}

const given = (shape: Shape, more: Readonly<Record<string, unknown>> | ReadonlyArray<unknown>): Shape =>
  mapFirst(shape, (task) => task.clone(shape.kind === "chain" ? more : ofIt(task, more)), false)

/** What the members of a group lack may have different names: each gets its own. */
const ofIt = (
  { state: { definition } }: Signed.Signed,
  more: Readonly<Record<string, unknown>> | ReadonlyArray<unknown>
): Readonly<Record<string, unknown>> | ReadonlyArray<unknown> => {
  if (definition === undefined || Signed.isList(more)) return more
  const { names } = definition.arguments
  return Object.fromEntries(Object.entries(more).filter(([name]) => names.includes(name)))
}

const isNothing = (
  more: Readonly<Record<string, unknown>> | ReadonlyArray<unknown> | undefined
): more is undefined => more === undefined || (Signed.isList(more) ? more.length : Object.keys(more).length) === 0

const headerOf = ({ errbacks = [], header }: Chord, { linksHeaders = false }: Signed.Writing = {}) =>
  linksHeaders && errbacks.length > 0
    ? header.map((task) => errbacks.reduce((linked, errback) => linked.onError(immutable(errback)), task))
    : header

/** Each task of a header has its own id, which is not what the errback was made for. */
const immutable = (errback: Callback<never>): Callback<never> => ({
  encode: () => Result.map(errback.encode(), (json) => ({ ...json, immutable: true }))
})

const encodeOne = (signature: Signed.Signed, takes: boolean, writing?: Signed.Writing) =>
  takes ? signature.encode(writing) : signature.encodeAlone(writing)

const encodeAll = (
  signatures: ReadonlyArray<Signed.Signed>,
  takes: (signature: Signed.Signed, index: number) => boolean,
  writing?: Signed.Writing
): Result.Result<ReadonlyArray<SignatureJson>, TaskError> => {
  const out: Array<SignatureJson> = []
  for (const [index, signature] of signatures.entries()) {
    const encoded = encodeOne(signature, takes(signature, index), writing)
    if (Result.isFailure(encoded)) return Result.fail(encoded.failure)
    out.push(encoded.success)
  }
  return Result.succeed(out)
}

const linksOf = ({ link, link_error }: SignatureOptions.Wire): SignatureOptions.Wire => ({ link, link_error })

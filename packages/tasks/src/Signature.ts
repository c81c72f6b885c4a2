/**
 * A call that is not sent yet: a task, some of its arguments, and options.
 * Celery's signature; what `link` and canvases are made of.
 *
 * ```ts
 * const half = add.s({ y: 2 })                     // lacks x
 * const sent = yield* client.applySignature(half.set({ countdown: "10 seconds" }), { x: 1 })
 *
 * const report = Signature.make("py.report", { kwargs: { to: "ada" } }) // only Python knows it
 * yield* client.applyAsync(pay, { order: 7 }, { link: report })
 * ```
 *
 * A value: each method gives a new one. `toJSON` is what Celery writes of it,
 * `fromJson` reads that. Source: the guide's chapter on canvas, protocol §1.4.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type * as Arguments from "./Arguments.ts"
import type { CallOptions } from "./CallOptions.ts"
import * as Outcome from "./Outcome.ts"
import * as Links from "./protocol/Links.ts"
import type { ProtocolError } from "./protocol/ProtocolError.ts"
import * as SignatureCall from "./protocol/SignatureCall.ts"
import * as SignatureOptions from "./protocol/SignatureOptions.ts"
import type { SignatureJson } from "./protocol/TaskBody.ts"
import { because, InvalidArguments } from "./TaskError.ts"
import type { TaskOptions } from "./TaskOptions.ts"

/** Options that make sense before it is known when, and by whom, it is sent. */
export type Options = Omit<CallOptions, "parent" | "retry" | "retryPolicy" | "deadline" | "stamps">

/** Of a signature that takes no more arguments: what its callers add is ignored. */
export type Immutable = void

/** Arguments that were given after others: by keyword, or as they travel where there is no definition. */
export type Given<Lacking> = 0 extends 1 & Lacking ? Partial<Arguments.Encoded> : Partial<Lacking>

/** What `Lacking` comes to when some more of it are given. */
export type Rest<Lacking, G> = 0 extends 1 & Lacking ? any
  : { [K in keyof Lacking as K extends keyof G ? never : K]: Lacking[K] }

type RequiredKeys<T> = { [K in keyof T]-?: {} extends Pick<T, K> ? never : K }[keyof T]

type IsUnion<T, U = T> = T extends unknown ? [U] extends [T] ? false : true : never

/** Whether a result can go to what is lacking, or in words why not. */
export type Fits<From, Lacking> = 0 extends 1 & Lacking ? true
  : [Lacking] extends [Immutable] ? true
  : [RequiredKeys<Lacking>] extends [never]
    ? [keyof Lacking] extends [never]
      ? "its parameters are all given: use si(), or leave the one out that the result is for"
    : From extends Lacking[keyof Lacking] ? true
    : "the result does not fit any parameter that is left"
  : IsUnion<RequiredKeys<Lacking>> extends true
    ? `more than one parameter is lacking: ${RequiredKeys<Lacking> & string}`
  : From extends Lacking[RequiredKeys<Lacking>] ? true
  : `its parameter '${RequiredKeys<Lacking> & string}' does not take the result`

/**
 * `Lacking` is what nobody has given yet, by name: `any` where there is no
 * definition, `Immutable` where nothing more is taken.
 */
export interface Signature<in out Lacking, out Success = unknown, out Failure = never> {
  readonly task: string
  /** As they travel. */
  readonly args: ReadonlyArray<unknown>
  readonly kwargs: Readonly<Record<string, unknown>>
  /** In snake_case, as they travel. */
  readonly options: Readonly<Record<string, unknown>>
  readonly immutable: boolean
  readonly outcome: Outcome.Outcome<Success, Failure>

  /** With these options besides; each wins over one that is there. */
  readonly set: (options: Options) => Signature<Lacking, Success, Failure>
  /** With more arguments: those by position in front. Throws `TaskError` for what does not fit. */
  readonly clone: <const G extends Given<Lacking> = {}>(
    given?: G,
    options?: Options
  ) => Signature<Rest<Lacking, G>, Success, Failure>
  /** Sent with the result when the task succeeds. This signature, where Celery's `link` gives back the other. */
  readonly link: <L, A, E>(
    callback: Signature<L, A, E> & (Fits<Success, L> extends true ? unknown : Fits<Success, L>)
  ) => Signature<Lacking, Success, Failure>
  /** Sent when it fails. */
  readonly onError: <L, A, E>(errback: Signature<L, A, E>) => Signature<Lacking, Success, Failure>
  /** With stamps, which its links get too. */
  readonly stamp: (stamps: Readonly<Record<string, unknown>>) => Signature<Lacking, Success, Failure>
  readonly toJSON: () => SignatureJson
  /** What the task's definition says of sending it. */
  readonly defaults: TaskOptions
  /** By its name alone: there is no definition. */
  readonly isNamed: boolean
  /** What may be shown of arguments. */
  readonly conceal: (encoded: Arguments.Encoded) => Arguments.Encoded
  /** Why it cannot be sent as it stands; nothing where there is no definition. */
  readonly lacking: () => TypeError | undefined
  readonly "~Lacking"?: (lacking: Lacking) => Lacking
}

/** What a definition knows of its calls. */
interface Definition {
  readonly name: string
  readonly arguments: Arguments.Arguments<any>
  readonly options: TaskOptions
}

interface Parts<A, E> {
  readonly task: string
  readonly args: ReadonlyArray<unknown>
  readonly kwargs: Readonly<Record<string, unknown>>
  readonly options: Readonly<Record<string, unknown>>
  readonly immutable: boolean
  readonly outcome: Outcome.Outcome<A, E>
  readonly definition: Definition | undefined
}

/** A task whose definition is not at hand, such as a Python worker's. */
export const make = (
  task: string,
  call: Options & Partial<Arguments.Encoded> & { readonly immutable?: boolean | undefined } = {}
): Signature<any> => {
  const { args = [], immutable = false, kwargs = {}, ...options } = call
  return of({
    task,
    args,
    kwargs,
    options: SignatureOptions.write(options),
    immutable,
    outcome: Outcome.untyped,
    definition: undefined
  })
}

/** Some of a task's arguments. Throws `TaskError` for those that do not fit. `Task` has its types. */
export const ofTask = (
  definition: Definition & { readonly outcome: Outcome.Outcome<any, any> },
  given: object,
  immutable: boolean
): Signature<any, any, any> =>
  of({
    task: definition.name,
    ...encode(definition, given),
    options: {},
    immutable,
    outcome: definition.outcome,
    definition
  })

/** Reads what Celery writes of a single task: every option stays as it is. */
export const fromJson = (value: unknown): Result.Result<Signature<any>, ProtocolError> =>
  Result.map(SignatureCall.read(value, { links: true }), ({ call: { args, kwargs }, task }) => {
    const { immutable, options } = value as SignatureJson // it has been read
    return of({
      task,
      args,
      kwargs,
      options: options ?? {},
      immutable: immutable === true,
      outcome: Outcome.untyped,
      definition: undefined
    })
  })

const of = <A, E>(parts: Parts<A, E>): Signature<any, A, E> => {
  const { args, definition, immutable, kwargs, options, outcome, task } = parts
  const having = (more: Readonly<Record<string, unknown>>) => of({ ...parts, options: { ...options, ...more } })
  const linked = (name: string, one: Links.Linkable) => {
    const all = listOf(options[name])
    const text = JSON.stringify(Links.links(one)?.[0])
    return all.some((other) => JSON.stringify(other) === text)
      ? of(parts)
      : having({ [name]: [...all, ...Links.links(one) ?? []] })
  }
  return {
    task,
    args,
    kwargs,
    options,
    immutable,
    outcome,
    set: (more) => having(SignatureOptions.write(more)),
    clone: (given, more = {}) => {
      const added = definition === undefined
        ? { args: [], kwargs: {}, ...given as Partial<Arguments.Encoded> } // without a definition they are given so
        : encode(definition, given ?? {})
      const merged = { ...options, ...kept(options, SignatureOptions.write(more)) }
      return immutable
        ? of({ ...parts, options: merged })
        : of({ ...parts, args: [...added.args, ...args], kwargs: { ...kwargs, ...added.kwargs }, options: merged })
    },
    link: (callback) => linked("link", callback),
    onError: (errback) => linked("link_error", errback),
    stamp: (stamps) => having(stamped(options, stamps)),
    toJSON: () => ({ task, args, kwargs, options, subtask_type: null, immutable }),
    defaults: definition?.options ?? none,
    isNamed: definition === undefined,
    conceal: (encoded) => definition?.arguments.conceal(encoded) ?? encoded,
    lacking: () => definition?.arguments.lacking({ args, kwargs })
  }
}

const none: TaskOptions = Object.freeze({})

const encode = (definition: Definition, given: object): Arguments.Encoded => {
  const encoded = definition.arguments.encodePartial(given as Readonly<Record<string, unknown>>) // by name
  if (Result.isSuccess(encoded)) return encoded.success
  throw because("sign", new InvalidArguments({ task: definition.name, detail: encoded.failure.message }))
}

/** Celery keeps the group and the stamps that a signature has, whatever a call says. */
const kept = (own: Readonly<Record<string, unknown>>, more: Readonly<Record<string, unknown>>) => {
  const fixed = new Set<unknown>(["group_id", "stamped_headers", ...listOf(own.stamped_headers)])
  return Object.fromEntries(Object.entries(more).filter(([name]) => !fixed.has(name) || !Object.hasOwn(own, name)))
}

const stamped = (
  options: Readonly<Record<string, unknown>>,
  stamps: Readonly<Record<string, unknown>>
): Readonly<Record<string, unknown>> => {
  const out: Record<string, unknown> = {}
  for (const name of ["link", "link_error"]) {
    if (options[name] === undefined) continue
    // `linked`, or `fromJson`, has looked at them.
    out[name] = (listOf(options[name]) as ReadonlyArray<SignatureJson>).map((link) => stampedLink(link, stamps))
  }
  const names = [...new Set([...Object.keys(stamps), ...listOf(options.stamped_headers)])]
  return { ...out, ...stamps, stamped_headers: names }
}

const stampedLink = (link: SignatureJson, stamps: Readonly<Record<string, unknown>>): SignatureJson => {
  const own = link.options ?? {}
  return { ...link, options: { ...own, ...stamped(own, stamps) } }
}

const listOf = (value: unknown): ReadonlyArray<unknown> => value == null ? [] : Array.isArray(value) ? value : [value]

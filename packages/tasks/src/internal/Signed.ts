/**
 * What a signature is at run time: the definition of its task where there is
 * one, arguments, and options as they stand in messages. Users know it as
 * `Signature`, whose types tell what it lacks.
 *
 * Arguments of a definition are values; they are encoded when the signature is
 * written or sent. The first thing that makes no sense is kept, and told then.
 */
import * as Result from "effect/Result"
import type * as Arguments from "../Arguments.ts"
import type { Callback } from "../Callback.ts"
import type * as Outcome from "../Outcome.ts"
import * as SignatureOptions from "../protocol/SignatureOptions.ts"
import type { SignatureJson } from "../protocol/TaskBody.ts"
import { because, InvalidArguments, type TaskError } from "../TaskError.ts"
import type { TaskOptions } from "../TaskOptions.ts"

export const TypeId = "~@celeriac/tasks/Signature"

/** What a signature asks of a task's definition. */
export interface Definition {
  readonly name: string
  readonly parameters: Arguments.Fields
  readonly options: TaskOptions
  readonly arguments: Arguments.Arguments<any>
  readonly outcome: Outcome.Outcome<any, any>
}

/** What sending takes of a definition. */
export interface Sendable<A = any, E = any> {
  readonly name: string
  readonly options: TaskOptions
  readonly outcome: Outcome.Outcome<A, E>
  /** By its name alone: there is no definition. */
  readonly isNamed?: boolean | undefined
  /** It is routed as this task: `celery.map` as the one that it calls. */
  readonly routed?: Sendable | undefined
}

/** How one of several tasks is written. */
export interface Writing {
  /** Celery's `task_allow_error_cb_on_chord_header`. */
  readonly linksHeaders?: boolean | undefined
}

export interface State {
  readonly definition?: Definition | undefined
  readonly task: string
  readonly args: ReadonlyArray<unknown>
  readonly kwargs: Readonly<Record<string, unknown>>
  readonly options?: SignatureOptions.Wire | undefined
  readonly isImmutable: boolean
  readonly subtaskType?: string | null | undefined
  /** Of a signature that was read: what else it says. */
  readonly others?: Readonly<Record<string, unknown>> | undefined
  readonly problem?: TaskError | undefined
  /** What it is sent as, where that is not its task's definition. */
  readonly sendable?: Sendable | undefined
}

export class Signed {
  readonly [TypeId] = TypeId
  readonly state: State

  constructor(state: State) {
    this.state = state
  }

  get task(): string {
    return this.state.task
  }
  get isImmutable(): boolean {
    return this.state.isImmutable
  }
  get options(): SignatureOptions.Wire {
    return this.state.options ?? none
  }

  set(options: SignatureOptions.Options): Signed {
    return this.with(SignatureOptions.write(options), (wire) => SignatureOptions.merge(this.options, wire))
  }

  /** With options as they stand in a message. */
  merged(options: SignatureOptions.Wire): Signed {
    return Object.keys(options).length === 0
      ? this
      : this.again({ ...this.state, options: SignatureOptions.merge(this.options, options) })
  }

  /** With these options and no others, as they stand in a message. */
  withOptions(options: SignatureOptions.Wire): Signed {
    return this.again({ ...this.state, options })
  }

  link(callback: Callback<never>): Signed {
    return this.with(callback.encode(), (json) => SignatureOptions.append(this.options, "link", json))
  }

  onError(errback: Callback<never>): Signed {
    return this.with(errback.encode(), (json) => SignatureOptions.append(this.options, "link_error", json))
  }

  stamp(stamps: Readonly<Record<string, unknown>>): Signed {
    return this.with(SignatureOptions.stamp(this.options, stamps), (wire) => wire)
  }

  clone(
    more?: Readonly<Record<string, unknown>> | ReadonlyArray<unknown>,
    options: SignatureOptions.Options = {}
  ): Signed {
    const given = split(more)
    const { args, isImmutable, kwargs } = this.state
    const merged = isImmutable
      ? this
      : this.again({ ...this.state, args: [...given.args, ...args], kwargs: { ...kwargs, ...given.kwargs } })
    return merged.set(options)
  }

  /** As a callback: there must be a place for what comes. */
  encode(_writing?: Writing): Result.Result<SignatureJson, TaskError> {
    const { args, definition, isImmutable, kwargs, task } = this.state
    if (definition !== undefined && !isImmutable) {
      const first = definition.arguments.names[0]
      if (first === undefined) return Result.fail(misfit(task, "it has no parameter for what comes: use si()"))
      if (args.length > 0 || Object.hasOwn(kwargs, first)) {
        return Result.fail(misfit(
          task,
          `what comes before it goes to its first parameter, '${first}', which is given: leave that one out, or use si()`
        ))
      }
    }
    return this.encodeAlone()
  }

  encodeAlone(_writing?: Writing): Result.Result<SignatureJson, TaskError> {
    const { isImmutable, others, problem, subtaskType, task } = this.state
    if (problem !== undefined) return Result.fail(problem)
    return Result.map(this.encodeArguments(), ({ args, kwargs }) => ({
      task,
      args,
      kwargs,
      options: this.options,
      subtask_type: subtaskType ?? null,
      immutable: isImmutable,
      ...others
    }))
  }

  toJSON(): SignatureJson {
    return Result.getOrThrow(this.encodeAlone())
  }

  /** Those that are given. */
  private encodeArguments(): Result.Result<Arguments.Encoded, TaskError> {
    const { args, definition, kwargs, task } = this.state
    if (definition === undefined) return Result.succeed({ args, kwargs })
    if (args.length > 0) return encodeAll(definition, args, kwargs)
    const encoded = definition.arguments.encodePartial(kwargs)
    return Result.mapError(encoded, ({ message }) => misfit(task, message))
  }

  /** One of the same kind. */
  protected again(state: State): Signed {
    return new Signed(state)
  }

  protected with<A>(next: Result.Result<A, TaskError>, options: (value: A) => SignatureOptions.Wire): Signed {
    if (this.state.problem !== undefined) return this
    return Result.isFailure(next)
      ? this.again({ ...this.state, problem: next.failure })
      : this.again({ ...this.state, options: options(next.success) })
  }
}

export const make = (state: State): Signed => new Signed(state)

export const fromJson = (
  { args, immutable, kwargs, options, subtask_type, task, ...others }: SignatureJson
): Signed =>
  new Signed({
    task,
    args: args ?? [],
    kwargs: kwargs ?? none,
    options: options ?? none,
    isImmutable: immutable ?? false,
    subtaskType: subtask_type,
    others
  })

export const isSigned = (value: unknown): value is Signed =>
  typeof value === "object" && value !== null && TypeId in value

/** An array is by position, an object by keyword. */
export const split = (given: Readonly<Record<string, unknown>> | ReadonlyArray<unknown> | undefined): {
  readonly args: ReadonlyArray<unknown>
  readonly kwargs: Readonly<Record<string, unknown>>
} => isList(given) ? { args: given, kwargs: none } : { args: [], kwargs: given ?? none }

/** All the arguments of a task, as they travel. */
export const encodeAll = (
  definition: Definition,
  args: ReadonlyArray<unknown>,
  kwargs: Readonly<Record<string, unknown>>
): Result.Result<Arguments.Encoded, TaskError> => {
  if (args.length > 0 && Object.keys(kwargs).length > 0) {
    return Result.fail(misfit(definition.name, "give them all by position, or all by keyword"))
  }
  const encoded = definition.arguments.encode(args.length > 0 ? args : kwargs)
  return Result.mapError(encoded, ({ message }) => misfit(definition.name, message))
}

export const misfit = (task: string, detail: string): TaskError =>
  because("send", new InvalidArguments({ task, detail }))

const none: Readonly<Record<string, unknown>> = Object.freeze({})

/** `Array.isArray` forgets that a list may be read only. */
export const isList = (value: unknown): value is ReadonlyArray<unknown> => Array.isArray(value)

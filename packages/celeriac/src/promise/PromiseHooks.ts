/** Functions that are called as a task lives, with promises: see `TaskHooks`. */
import type * as TaskHooks from "@celeriac/tasks/TaskHooks"
import type { Retry } from "@celeriac/tasks/TaskPredicate"
import type { TaskRequest } from "@celeriac/tasks/TaskRequest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as PromiseRequest from "./PromiseRequest.ts"

/** What a task came to. */
export type Outcome<A> = { readonly value: A } | { readonly error: unknown }

type Called<First, P> = (first: First, parameters: P, request: PromiseRequest.Request) => unknown

/**
 * `beforeStart` is a part of the run: what it throws the task fails with. The
 * others come when what the task came to is stored; what they throw is logged.
 * Each may be asynchronous.
 */
export interface Hooks<P, A> {
  readonly beforeStart?: ((parameters: P, request: PromiseRequest.Request) => unknown) | undefined
  readonly onSuccess?: Called<A, P> | undefined
  /** It failed for good. */
  readonly onFailure?: Called<unknown, P> | undefined
  /** It is to run again: the message for that is sent. */
  readonly onRetry?: Called<Retry, P> | undefined
  /** It has succeeded, or failed for good. */
  readonly afterReturn?: Called<Outcome<A>, P> | undefined
}

const calling = <A>(
  request: TaskRequest,
  call: (request: PromiseRequest.Request) => A | Promise<A>
): Effect.Effect<A> => Effect.promise(async (signal) => PromiseRequest.during(request, () => signal, call))

type Given = Readonly<Record<string, unknown>>

/** As the task's layer takes them. `fill` makes the parameters. */
export const make = <P, A>(
  { afterReturn, beforeStart, onFailure, onRetry, onSuccess }: Hooks<P, A>,
  fill: (parameters: Given) => P
): TaskHooks.TaskHooks<Given, A, never, never, never, never, never, never> => {
  const hook = <First, B>(called: Called<B, P> | undefined, read: (first: First) => B) =>
    called === undefined
      ? undefined
      : (first: First, parameters: Given, request: TaskRequest) =>
        calling(request, (own) => called(read(first), fill(parameters), own))
  return {
    beforeStart: beforeStart === undefined
      ? undefined
      : (parameters: Given, request) => calling(request, (own) => beforeStart(fill(parameters), own)),
    onSuccess: hook(onSuccess, (value: A) => value),
    onFailure: hook(onFailure, (cause: Cause.Cause<unknown>) => Cause.squash(cause)),
    onRetry: hook(onRetry, (retry: Retry) => retry),
    afterReturn: hook(
      afterReturn,
      (exit: Exit.Exit<A, unknown>) =>
        Exit.isSuccess(exit) ? { value: exit.value } : { error: Cause.squash(exit.cause) }
    )
  }
}

/**
 * What the compiler says of steps that do not fit together: each becomes a
 * sentence, which is what the error then shows. `BootGraphError` says the same
 * at run time, for lists that no compiler has seen.
 *
 * @since 0.1.0
 */
import type { Any, KeyName, Name, Provides, Requires } from "./Bootstep.ts"
import type { Control } from "./Control.ts"

/**
 * Steps in a list, beside the steps `Others` that are there already. `Known` are
 * services from elsewhere; `Where` is how the list is called.
 *
 * @category type-level
 * @since 0.1.0
 */
export type Check<
  Steps extends ReadonlyArray<Any>,
  Known,
  Others = never,
  Where extends string = "this blueprint"
> = {
  readonly [K in keyof Steps]: Verdict<
    Steps[K],
    Missing<Steps[K], Known | Provides<Steps[number] | Others>>,
    Circle<Steps[K], Steps[number] | Others>,
    Before<Steps, K> | Others,
    Where
  >
}

/** The first thing that is wrong with a step, or else the step. */
type Verdict<S, Absent, Again, Earlier, Where extends string> = [Absent] extends [never]
  ? [Again] extends [never] ? [Named<Name<S>, Earlier>] extends [never] ? [Rival<S, Earlier>] extends [never] ? S
      : `Bootsteps '${Rival<S, Earlier>}' and '${Name<S>}' both provide '${KeyName<Provides<S>>}': keep one`
    : `Two bootsteps are named '${Name<S>}': rename one, or put it in the place of the other with 'replace'`
  : `Bootstep '${Name<S>}' requires '${KeyName<Again>}', which requires '${Name<
    S
  >}' in turn: take one of these requirements away`
  : `Bootstep '${Name<S>}' requires '${KeyName<Absent>}', which no step of ${Where} provides`

/** What a step needs and nobody provides. */
type Missing<S, Known> = Exclude<Requires<S>, Known | Control>

/** What a step provides, where that is known. */
type Provided<S> = unknown extends Provides<S> ? never : Provides<S>

/** Which of its requirements leads a step back to itself. */
type Circle<S, All> = [Provided<S>] extends [never] ? never : LeadsBack<Requires<S>, Provided<S>, All>

type LeadsBack<I, Home, All> = I extends unknown ? Home extends I | Reach<Requires<ProviderOf<I, All>>, All> ? I : never
  : never

/** What must be up before `I`, and what before that, and so on. */
type Reach<I, All, Seen = never> = [Exclude<I, Seen>] extends [never] ? Seen
  : Reach<Requires<ProviderOf<Exclude<I, Seen>, All>>, All, Seen | I>

type ProviderOf<I, All> = All extends unknown ? [Provides<All>] extends [never] ? never
  : Provides<All> extends I ? All
  : never
  : never

/** Who provides the same. */
type Rival<S, Earlier> = [Provided<S>] extends [never] ? never : Name<ProviderOf<Provided<S>, Earlier>>

/** The steps of a list before one of them. */
type Before<Steps extends ReadonlyArray<Any>, K> = Steps extends
  readonly [...infer Init extends ReadonlyArray<Any>, Any] ? K extends keyof Init ? Before<Init, K> : Init[number]
  : never

/**
 * A step that is to take the place of the one of its name among the `Steps` of
 * `Whose`: there must be one, and who needs its service must find it.
 *
 * @category type-level
 * @since 0.1.0
 */
export type CheckReplaced<S extends Any, Steps, Known, Whose extends string, Where extends string = "this blueprint"> =
  string extends Name<Steps> ? S
    : [Named<Name<S>, Steps>] extends [never] ? `${Whose} has no step named '${Name<S>}' to replace`
    : [Provides<Named<Name<S>, Steps>>] extends [Provides<S>] ?
      Check<[S], Known, Exclude<Steps, Named<Name<S>, Steps>>, Where>[0]
    : `What replaces '${Name<S>}' must provide '${KeyName<Provides<Named<Name<S>, Steps>>>}', as it does`

/** The step of that name. A name that is known at run time only is nobody's. */
type Named<N, Steps> = string extends N ? never : Steps extends { readonly stepName: N } ? Steps : never

/**
 * One setting: its names, its check, its default, and a line of documentation.
 *
 * An entry of this kind is all there is to a setting. What programs give, what
 * the environment and flags say, what is read of a Celery configuration, and
 * the page of the documentation come from it: `SettingsTable` reads them.
 *
 * ```ts
 * export const Serializer = Setting.reference("@celeriac/tasks/Settings/Serializer", SettingKind.text, {
 *   celery: "task_serializer",
 *   default: () => "json",
 *   doc: "The serializer of the arguments."
 * })
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Schema from "effect/Schema"

/** A kind of value, and its forms: `SettingKind` has the usual ones. */
export interface Kind<out A, out In = A> {
  /** The check: makes the value of what a program gives. Not made before it is needed. */
  readonly schema: () => Schema.Codec<A, In>
  /** What fits, as in "must be a whole number of at least 1". */
  readonly expected: string
  /** What a flag or the environment says, for the schema to check. Without it, neither can say it. */
  readonly fromText?: ((text: string) => unknown) | undefined
  /** What Celery's setting holds, for the schema to check. `None` means the default, unless `none` says otherwise. */
  readonly fromCelery: (value: unknown) => unknown
  /** The value as Celery shows it; as it is, if not said. */
  readonly toCelery?: ((value: never) => unknown) | undefined
  /** What Celery's `None` stands for, when it is not the default. */
  readonly none?: In | undefined
  /** The names that there are, where it is made of names: who writes another one is told the nearest. */
  readonly known?: ReadonlyArray<string> | undefined
  /** What to take instead of a value that does not fit, if that can be said: the end of the sentence. */
  readonly instead?: ((value: unknown) => string | undefined) | undefined
  /** Never shown, not even when it is wrong. */
  readonly isSecret?: boolean | undefined
}

/** How a setting is called on the command line of `celeriac worker`. */
export interface Flag {
  readonly name: string
  readonly alias?: string | undefined
  /** Another long name. */
  readonly also?: string | undefined
  /** What stands for its value in the help; a switch, which says yes, has none. */
  readonly metavar?: string | undefined
}

/** A flag that takes no value: being there is what it says. */
export interface Switch {
  readonly name: string
  readonly alias?: string | undefined
  /** As the environment would have it; what several switches of a setting say is joined by commas. */
  readonly says: string
  /** One line. */
  readonly doc: string
}

/** What an entry says besides its kind. */
export interface Options<out A> {
  /** The name of Celery's setting. Undefined for what Celery has not. */
  readonly celery?: string | undefined
  readonly default: () => A
  /** The default in words, where it is not the same everywhere. */
  readonly defaultShown?: string | undefined
  /** One line. */
  readonly doc: string
  readonly flag?: Flag | undefined
  /** Flags without a value, instead of one that has one. */
  readonly switches?: ReadonlyArray<Switch> | undefined
  /**
   * Who reads it when it is built around a worker, and not the worker: `client`
   * and `writer` (of results) are made again by the worker's own settings, `broker`
   * and its results are not.
   */
  readonly readBy?: "client" | "writer" | "broker" | undefined
  /** Names in the environment besides its own. */
  readonly environment?: ReadonlyArray<string> | undefined
}

/** A setting whose value is an `A`, given as an `In`. */
export interface Setting<out A, out In = A> extends Kind<A, In>, Options<A> {}

/** Any setting. */
export type Any = Setting<unknown, unknown>

/** A setting that everything below can read, with its default where nobody provides it. */
export interface Reference<in out A, out In = A> extends Context.Reference<A> {
  readonly setting: Setting<A, In>
}

/** A setting of a table. */
export const make = <A, In>(kind: Kind<A, In>, options: Options<A>): Setting<A, In> => ({ ...kind, ...options })

/** A setting that is a reference too. */
export const reference = <A, In>(key: string, kind: Kind<A, In>, options: Options<A>): Reference<A, In> =>
  Object.assign(Context.Reference<A>(key, { defaultValue: options.default }), { setting: make(kind, options) })

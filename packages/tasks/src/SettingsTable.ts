/**
 * Settings by their names, and all that is made of them: values from a
 * program, from the environment, from a Celery configuration, with every
 * mistake told at once.
 *
 * Each room has a table of its own; `{ ...one, ...other }` is the table of
 * both. Names are ours, in camel case: a program uses them as they are, the
 * environment as `CELERIAC_DEFAULT_QUEUE`.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as CelerySettings from "./internal/CelerySettings.ts"
import { nearest } from "./internal/Nearest.ts"
import type * as Setting from "./Setting.ts"
import { InvalidSetting, type Problem, SettingsError, UnknownSetting, UnsupportedSetting } from "./SettingsError.ts"

/** Settings by name. */
export type Table = Readonly<Record<string, Setting.Any>>

/** What programs give: any of them. Undefined is as good as left out. */
export type Given<T extends Table> = {
  readonly [K in keyof T]?: (T[K] extends Setting.Setting<unknown, infer In> ? In : never) | undefined
}

/** A value for each. */
export type Values<T extends Table> = {
  readonly [K in keyof T]: T[K] extends Setting.Setting<infer A, unknown> ? A : never
}

/** Those that were given. */
export type Some<T extends Table> = Partial<Values<T>>

/** The defaults. Asked for anew each time: some depend on the machine. */
export const defaults = <T extends Table>(table: T): Values<T> =>
  // Every name has a value of its own type.
  Object.fromEntries(Object.entries(table).map(([name, setting]) => [name, setting.default()])) as Values<T>

/** What a program gives, checked: every name must be known, every value fit. */
export const decode = <T extends Table>(table: T, given: Given<T>): Result.Result<Some<T>, SettingsError> =>
  collect<T>((found) => {
    for (const [name, value] of Object.entries(given)) {
      if (value === undefined) continue
      const setting = settingOf(table, name)
      if (setting === undefined) found.wrong(unknownSetting(name, Object.keys(table)))
      else found.check(name, name, setting, value)
    }
  })

/** `decode`, for who defines something: what is wrong is thrown, as a `SettingsError`. */
export const decodeUnsafe = <T extends Table>(table: T, given: Given<T>): Some<T> =>
  Result.getOrThrow(decode(table, given))

/** Of an object that holds other things too, what the table knows. */
export const pick = <T extends Table>(table: T, object: object): Given<T> =>
  // What it holds under these names is checked when it is decoded.
  Object.fromEntries(Object.entries(object).filter(([name]) => Object.hasOwn(table, name))) as Given<T>

/** Where the environment says a setting: its own name first. Undefined for one that no text can say. */
export const environmentOf = (name: string, setting: Setting.Any): ReadonlyArray<string> | undefined =>
  setting.fromText === undefined
    ? undefined
    : [`CELERIAC_${name.replace(/[A-Z]/g, (capital) => `_${capital}`).toUpperCase()}`, ...setting.environment ?? []]

/** The default of a setting, in words. */
export const defaultShown = (setting: Setting.Any): string => {
  const value = setting.default()
  return setting.defaultShown ?? (Array.isArray(value) ? value.join(", ") : String(value))
}

/** What an environment says. An empty text says nothing. */
export const fromEnvironment = <T extends Table>(
  table: T,
  environment: Readonly<Record<string, string | undefined>>
): Result.Result<Some<T>, SettingsError> =>
  collect<T>((found) => {
    for (const [name, setting] of Object.entries(table)) {
      const variable = environmentOf(name, setting)?.find((variable) => (environment[variable] ?? "").trim() !== "")
      if (variable !== undefined) found.checkText(name, variable, setting, environment[variable] ?? "")
    }
  })

/**
 * What a Celery configuration says, under Celery's names. Names that are not
 * known are answered with the nearest, of settings that do nothing here it is
 * told what to do instead.
 */
export const fromCelery = <T extends Table>(
  table: T,
  configuration: Readonly<Record<string, unknown>>
): Result.Result<Some<T>, SettingsError> => {
  const ours = new Map(
    Object.entries(table).flatMap(([name, setting]) => setting.celery === undefined ? [] : [[setting.celery, name]])
  )
  return collect<T>((found) => {
    for (const [celery, value] of Object.entries(configuration)) {
      const name = ours.get(celery)
      const setting = name === undefined ? undefined : settingOf(table, name)
      if (name === undefined || setting === undefined) {
        const problem = notOurs(celery, value, ours.keys())
        if (problem !== undefined) found.wrong(problem)
      } else if (value !== undefined && value !== null) {
        found.check(name, celery, setting, setting.fromCelery(value), value)
      } else if (setting.none !== undefined) found.check(name, celery, setting, setting.none)
    }
  })
}

/** The settings of Celery that a table has not, and that do nothing here, each with what to do instead. */
export const unsupported = (table: Table): ReadonlyMap<string, string | undefined> => {
  const ours = new Set(Object.values(table).map(({ celery }) => celery))
  return new Map(
    Array.from(CelerySettings.names)
      .filter((name) => !ours.has(name) && !CelerySettings.always.has(name))
      .map((name) => [name, CelerySettings.instead.get(name)])
  )
}

/** What one text says, such as a flag's. */
export const fromText = <A>(setting: Setting.Setting<A, unknown>, label: string, text: string) =>
  Result.mapError(checkText(setting, label, text), (problem) => problem.message)

/** Under its own name, and nobody else's: `constructor` is no setting. */
const settingOf = (table: Table, name: string): Setting.Any | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined

const notOurs = (celery: string, value: unknown, ours: Iterable<string>): Problem | undefined => {
  if (!CelerySettings.names.has(celery)) return unknownSetting(celery, [...ours, ...CelerySettings.names])
  if (!CelerySettings.always.has(celery)) {
    const instead = CelerySettings.instead.get(celery)
    return new UnsupportedSetting({ setting: celery, ...(instead === undefined ? {} : { instead }) })
  }
  const always = CelerySettings.always.get(celery)
  return value === always || value === null
    ? undefined
    : new UnsupportedSetting({ setting: celery, always: show(always) })
}

const unknownSetting = (setting: string, known: Iterable<string>): Problem => {
  const near = nearest(setting, known)
  return near === undefined ? new UnknownSetting({ setting }) : new UnknownSetting({ setting, nearest: near })
}

/** Whoever looks, and notes what fits and what does not. */
interface Found {
  readonly wrong: (problem: Problem) => void
  readonly check: (name: string, label: string, setting: Setting.Any, value: unknown, shown?: unknown) => void
  readonly checkText: (name: string, label: string, setting: Setting.Any, text: string) => void
}

const collect = <T extends Table>(look: (found: Found) => void): Result.Result<Some<T>, SettingsError> => {
  const problems: Array<Problem> = []
  const values: Record<string, unknown> = {}
  const note = (name: string, result: Result.Result<unknown, Problem>) => {
    if (Result.isFailure(result)) problems.push(result.failure)
    else values[name] = result.success
  }
  look({
    wrong: (problem) => problems.push(problem),
    check: (name, label, setting, value, shown = value) => note(name, check(setting, label, value, shown)),
    checkText: (name, label, setting, text) => note(name, checkText(setting, label, text))
  })
  const [first, ...others] = problems
  return first === undefined
    // Under each name is what the setting of that name decoded.
    ? Result.succeed(values as Some<T>)
    : Result.fail(new SettingsError({ problems: [first, ...others] }))
}

const checkText = <A>(
  setting: Setting.Setting<A, unknown>,
  label: string,
  text: string
): Result.Result<A, InvalidSetting> => check(setting, label, setting.fromText?.(text.trim()), text)

const check = <A>(
  setting: Setting.Setting<A, unknown>,
  label: string,
  value: unknown,
  shown: unknown
): Result.Result<A, InvalidSetting> =>
  Result.mapError(Schema.decodeUnknownResult(setting.schema())(value), () => {
    const near = meant(setting, value)
    const instead = setting.instead?.(value)
    return new InvalidSetting({
      setting: label,
      expected: setting.expected,
      ...(setting.isSecret === true ? {} : { value: show(shown) }),
      ...(near === undefined ? {} : { nearest: near }),
      ...(instead === undefined ? {} : { instead })
    })
  })

/** Of the first name that is not known, the nearest that is. */
const meant = ({ known }: Setting.Any, value: unknown): string | undefined => {
  if (known === undefined) return undefined
  const names: ReadonlyArray<unknown> = Array.isArray(value) ? value : [value]
  const stranger = names.find((name) => typeof name === "string" && !known.includes(name))
  return typeof stranger === "string" ? nearest(stranger, known) : undefined
}

/** As JSON has it, and not all of it: what looks like a URL may hold a password, and nobody knows where that ends. */
const show = (value: unknown): string => {
  const text = typeof value === "number" ? String(value) : JSON.stringify(value) ?? typeof value
  const open = text.replace(/:\/\/.*$/s, "://...")
  return open.length > 80 ? `${open.slice(0, 80)}...` : open
}

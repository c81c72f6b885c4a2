/**
 * Parameters as Python's functions have them: which argument is whose, and what
 * Python says where that makes no sense. `Arguments` has the types.
 */
import * as Result from "effect/Result"
import * as SchemaAST from "effect/SchemaAST"
import * as Codec from "../Codec.ts"
import * as Variadic from "./Variadic.ts"

/** Arguments as they travel. */
export interface Encoded {
  readonly args: ReadonlyArray<unknown>
  readonly kwargs: Readonly<Record<string, unknown>>
}

/** One parameter, or the one that takes all the others. */
interface Parameter {
  readonly name: string
  readonly required: boolean
  readonly secret: boolean
  readonly codec: Codec.Codec<unknown, unknown>
  readonly variadic: Variadic.Kind | undefined
}

const identifier = /^(?!__proto__$)[A-Za-z_][A-Za-z0-9_]*$/

/** Throws when Python has no such name. */
export const parameter = (task: string, name: string, schema: Codec.Plain): Parameter => {
  if (!identifier.test(name)) {
    throw new Error(`task '${task}': parameter '${name}' is not a name that Python could use as a keyword argument`)
  }
  const variadic = Variadic.kindOf(schema.ast)
  return {
    name,
    required: variadic === undefined && !SchemaAST.isOptional(SchemaAST.toEncoded(schema.ast)),
    secret: Codec.holdsSecret(schema.ast),
    codec: Codec.make(schema, `task '${task}': parameter '${name}'`),
    variadic
  }
}

const mask = "<redacted>"

export const isPositional = (input: object): input is ReadonlyArray<unknown> => Array.isArray(input)

type Keywords = Readonly<Record<string, unknown>>

export class Convention {
  readonly shown: string
  /** Those of one argument each: first the `positional` ones, then those by keyword only. */
  readonly parameters: ReadonlyArray<Parameter>
  readonly indices: ReadonlyMap<string, number>
  readonly positional: number
  /** `*args` */
  readonly rest: Parameter | undefined
  /** `**kwargs` */
  readonly others: Parameter | undefined
  private readonly isPlain: boolean

  static make(task: string, all: ReadonlyArray<Parameter>): Convention {
    const at = (kind: Variadic.Kind): number => {
      const index = all.findIndex(({ variadic }) => variadic === kind)
      const second = all.findLastIndex(({ variadic }) => variadic === kind)
      if (index !== second) {
        throw new Error(`task '${task}': '${all[second]!.name}' is a second one that takes the rest`)
      }
      return index
    }
    const rest = at("args")
    const others = at("kwargs")
    if (others !== -1 && others !== all.length - 1) {
      throw new Error(
        `task '${task}': nothing comes after '${all[others]!.name}', which takes the rest of the keywords`
      )
    }
    return new Convention(
      `${task.slice(task.lastIndexOf(".") + 1)}()`,
      all.filter(({ variadic }) => variadic === undefined),
      rest === -1 ? undefined : rest,
      all[rest],
      all[others]
    )
  }

  constructor(
    shown: string,
    parameters: ReadonlyArray<Parameter>,
    positional: number | undefined,
    rest: Parameter | undefined,
    others: Parameter | undefined
  ) {
    this.shown = shown
    this.parameters = parameters
    this.indices = new Map(parameters.map(({ name }, index) => [name, index]))
    this.positional = positional ?? parameters.length
    this.rest = rest
    this.others = others
    this.isPlain = rest === undefined && others === undefined
  }

  /** Gives every argument to its parameter; false when one has no place, or one is missing. */
  assign(into: Record<string, unknown>, args: ReadonlyArray<unknown>, kwargs: Keywords): boolean {
    if (!this.isPlain) return this.assignVariadic(into, args, kwargs)
    const { indices, parameters } = this
    let count = args.length
    if (count > parameters.length) return false
    for (let i = 0; i < args.length; i++) into[parameters[i]!.name] = args[i]
    for (const name in kwargs) {
      const index = indices.get(name)
      if (index === undefined || index < args.length) return false
      into[name] = kwargs[name]
      count++
    }
    if (count === parameters.length) return true
    for (let i = args.length; i < parameters.length; i++) {
      const { name, required } = parameters[i]!
      if (required && !Object.hasOwn(into, name)) return false
    }
    return true
  }

  private assignVariadic(into: Record<string, unknown>, args: ReadonlyArray<unknown>, kwargs: Keywords): boolean {
    const { indices, others, parameters, positional, rest } = this
    const given = Math.min(args.length, positional)
    if (rest === undefined && args.length > given) return false
    for (let i = 0; i < given; i++) into[parameters[i]!.name] = args[i]
    const left: Array<[string, unknown]> = []
    for (const name of Object.keys(kwargs)) {
      const index = indices.get(name)
      if (index === undefined) left.push([name, kwargs[name]])
      else if (index < given) return false
      else into[name] = kwargs[name]
    }
    if (others === undefined && left.length > 0) return false
    if (rest !== undefined) into[rest.name] = args.slice(given)
    if (others !== undefined) into[others.name] = Object.fromEntries(left)
    return parameters.every(({ name, required }) => !required || Object.hasOwn(into, name))
  }

  /** In Python's order: keywords, then the number of positional arguments, then what is missing. */
  mismatch(args: ReadonlyArray<unknown>, kwargs: Keywords): TypeError {
    const { indices, others, parameters, positional, rest, shown } = this
    for (const name of Object.keys(kwargs)) {
      const index = indices.get(name)
      if (index === undefined) {
        if (others !== undefined) continue
        return new TypeError(`${shown} got an unexpected keyword argument '${excerpt(name)}'`)
      }
      if (index < args.length && index < positional) {
        return new TypeError(`${shown} got multiple values for argument '${name}'`)
      }
    }
    if (args.length > positional && rest === undefined) {
      const least = parameters.filter(({ required }) => required).length
      const takes = least === positional
        ? `${positional} positional argument${positional === 1 ? "" : "s"}`
        : `from ${least} to ${positional} positional arguments`
      return new TypeError(
        `${shown} takes ${takes} but ${args.length} ${args.length === 1 ? "was" : "were"} given`
      )
    }
    const missing = parameters.flatMap(({ name, required }, index) =>
      required && !(index < args.length && index < positional) && !Object.hasOwn(kwargs, name)
        ? [{ name: `'${name}'`, index }]
        : []
    )
    const inPlace = missing.filter(({ index }) => index < positional)
    const [lacking, kind] = inPlace.length > 0 ? [inPlace, "positional"] : [missing, "keyword-only"]
    return new TypeError(
      `${shown} missing ${lacking.length} required ${kind} argument${lacking.length === 1 ? "" : "s"}: ${
        listed(lacking.map(({ name }) => name))
      }`
    )
  }

  refuse({ detail, path }: Codec.Refusal): TypeError {
    return path.length === 0
      ? new TypeError(`${this.shown} ${detail}`)
      : new TypeError(`${this.shown} argument '${String(path[0])}': ${Codec.format({ detail, path: path.slice(1) })}`)
  }

  encodePositional(input: ReadonlyArray<unknown>): Result.Result<Encoded, TypeError> {
    const { parameters, positional, rest } = this
    let given = input.length
    while (given > 0 && input[given - 1] === undefined && parameters[given - 1]?.required === false) given--
    if (
      (given > positional && rest === undefined) ||
      parameters.some(({ required }, index) => required && (index >= given || index >= positional))
    ) {
      return Result.fail(this.mismatch(input, noKeywords))
    }
    const own = Math.min(given, positional)
    const args = new Array<unknown>(own)
    for (let i = 0; i < own; i++) {
      const encoded = parameters[i]!.codec.encode(input[i])
      if (Result.isFailure(encoded)) return Result.fail(this.refuseOne(parameters[i]!, encoded.failure))
      args[i] = encoded.success
    }
    if (rest === undefined || given <= own) return Result.succeed({ args, kwargs: noKeywords })
    return Result.map(this.encodeRest(rest, input.slice(own, given)), (more) => ({
      args: [...args, ...more],
      kwargs: noKeywords
    }))
  }

  encodeNamed(input: Keywords, isPartial = false): Result.Result<Encoded, TypeError> {
    const { others, parameters, rest } = this
    const kwargs: Record<string, unknown> = {}
    let complete = true
    let more: ReadonlyArray<unknown> = noArguments
    for (const name of Object.keys(input)) {
      const index = this.indices.get(name)
      const value = input[name]
      if (index === undefined) {
        if (name === rest?.name) {
          const encoded = this.encodeRest(rest, value ?? noArguments)
          if (Result.isFailure(encoded)) return Result.fail(encoded.failure)
          more = encoded.success
        } else if (name === others?.name) {
          const refused = this.encodeOthers(others, value ?? noKeywords, kwargs)
          if (refused !== undefined) return Result.fail(refused)
        } else return Result.fail(new TypeError(`${this.shown} got an unexpected keyword argument '${excerpt(name)}'`))
        continue
      }
      const { codec, required } = parameters[index]!
      if (value === undefined && !required) continue
      const encoded = codec.encode(value)
      if (Result.isFailure(encoded)) return Result.fail(this.refuseOne(parameters[index]!, encoded.failure))
      kwargs[name] = encoded.success
    }
    if (isPartial && more.length === 0) return Result.succeed({ args: noArguments, kwargs })
    for (const { name, required } of parameters) complete &&= !required || Object.hasOwn(kwargs, name)
    if (!complete) return Result.fail(this.mismatch(noArguments, kwargs))
    return more.length === 0 ? Result.succeed({ args: noArguments, kwargs }) : this.before(more, kwargs)
  }

  conceal({ args, kwargs }: Encoded): Encoded {
    const isOpen = (one: Parameter | undefined) => one?.secret === false
    const named: Record<string, unknown> = {}
    for (const name of Object.keys(kwargs)) {
      named[name] = isOpen(this.parameters[this.indices.get(name) ?? -1] ?? this.others) ? kwargs[name] : mask
    }
    return {
      args: args.map((arg, index) => isOpen(index < this.positional ? this.parameters[index] : this.rest) ? arg : mask),
      kwargs: named
    }
  }

  /** What stands before `*args` is given by position: there is no other way. */
  private before(more: ReadonlyArray<unknown>, kwargs: Record<string, unknown>): Result.Result<Encoded, TypeError> {
    const args: Array<unknown> = []
    for (const { name } of this.parameters.slice(0, this.positional)) {
      if (!Object.hasOwn(kwargs, name)) {
        return Result.fail(
          new TypeError(`${this.shown} argument '${name}': it stands before '${this.rest!.name}': give it too`)
        )
      }
      args.push(kwargs[name])
      delete kwargs[name]
    }
    return Result.succeed({ args: [...args, ...more], kwargs })
  }

  private encodeRest(rest: Parameter, values: unknown): Result.Result<ReadonlyArray<unknown>, TypeError> {
    const encoded = rest.codec.encode(values)
    return Result.isFailure(encoded)
      ? Result.fail(this.refuseOne(rest, encoded.failure))
      : Result.succeed(encoded.success as ReadonlyArray<unknown>) // a list encodes as one
  }

  private encodeOthers(others: Parameter, values: unknown, into: Record<string, unknown>): TypeError | undefined {
    const encoded = others.codec.encode(values)
    if (Result.isFailure(encoded)) return this.refuseOne(others, encoded.failure)
    for (const [name, value] of Object.entries(encoded.success as Keywords)) { // an object encodes as one
      if (this.indices.has(name)) return new TypeError(`${this.shown} got multiple values for argument '${name}'`)
      Object.defineProperty(into, name, { value, enumerable: true, configurable: true, writable: true })
    }
    return undefined
  }

  private refuseOne({ name }: Parameter, { detail, path }: Codec.Refusal): TypeError {
    return this.refuse({ detail, path: [name, ...path] })
  }
}

const noArguments: ReadonlyArray<unknown> = []
const noKeywords: Keywords = {}

const excerpt = (name: string): string => name.length > 100 ? `${name.slice(0, 100)}...` : name

/** `'x'`, `'x' and 'y'`, `'x', 'y', and 'z'`. */
const listed = (names: ReadonlyArray<string>): string =>
  names.length < 3
    ? names.join(" and ")
    : `${names.slice(0, -1).join(", ")}, and ${names[names.length - 1]}`

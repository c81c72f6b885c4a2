/**
 * The body of a task message: what the task is called with, and what follows it.
 *
 * Version 2 is a list of three, `[args, kwargs, embed]`; version 1 is one
 * object with everything in it, and is read by `TaskMessage`. The signatures in
 * `embed` are kept as they stand in the message: most are only passed on.
 * Source: protocol §1.3, §1.4.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import { Refusal } from "../internal/Refusal.ts"
import { isTable } from "../internal/Table.ts"
import { describe, InvalidBody, ProtocolError } from "./ProtocolError.ts"

/** A signature as it stands in messages: a task that was not sent yet, and how to send it. Protocol §1.4. */
export interface SignatureJson {
  readonly task: string
  readonly args?: ReadonlyArray<unknown> | null
  readonly kwargs?: Readonly<Record<string, unknown>> | null
  readonly options?: Readonly<Record<string, unknown>> | null
  readonly subtask_type?: string | null
  readonly immutable?: boolean | null
  readonly chord_size?: number | null
}

/** What follows the task. */
export interface Embed {
  /** Sent with the result when the task succeeds. */
  readonly callbacks: ReadonlyArray<SignatureJson> | undefined
  /** Sent when the task fails. */
  readonly errbacks: ReadonlyArray<SignatureJson> | undefined
  /** The rest of the chain in reverse: the next task is the last one. */
  readonly chain: ReadonlyArray<SignatureJson> | undefined
  /** The body of the chord that the task is a part of. */
  readonly chord: SignatureJson | undefined
}

/** What a task is called with, and what follows it. */
export interface TaskBody {
  readonly args: ReadonlyArray<unknown>
  readonly kwargs: Readonly<Record<string, unknown>>
  readonly embed: Embed
}

/** What a body looks like on the wire. */
export type Wire = readonly [
  args: ReadonlyArray<unknown>,
  kwargs: Readonly<Record<string, unknown>>,
  embed: {
    readonly callbacks: ReadonlyArray<SignatureJson> | null
    readonly errbacks: ReadonlyArray<SignatureJson> | null
    readonly chain: ReadonlyArray<SignatureJson> | null
    readonly chord: SignatureJson | null
  }
]

/** Nothing follows. */
export const noEmbed: Embed = Object.freeze({
  callbacks: undefined,
  errbacks: undefined,
  chain: undefined,
  chord: undefined
})

/** The task that a body belongs to, for the error. */
export interface About {
  readonly task: string | undefined
  readonly id: string | undefined
}

const nobody: About = { task: undefined, id: undefined }

/** Reads `[args, kwargs, embed]`. `embed` may be null or lack anything. */
export const decode = (value: unknown, about: About = nobody): Result.Result<TaskBody, ProtocolError> =>
  attempt(about, () => {
    if (!Array.isArray(value) || value.length !== 3) {
      throw new Refusal("the body", "a list of three: args, kwargs and what follows", value)
    }
    return {
      args: list("args", value[0]),
      kwargs: table("kwargs", value[1]),
      embed: readEmbed("embed", value[2])
    }
  })

/**
 * Reads the fields of a version 1 body, or of a body between the versions.
 * `args` and `kwargs` may be absent.
 */
export const decodeFields = (
  fields: Readonly<Record<string, unknown>>,
  about: About = nobody
): Result.Result<TaskBody, ProtocolError> =>
  attempt(about, () => ({
    args: fields.args == null ? [] : list("args", fields.args),
    kwargs: fields.kwargs == null ? {} : table("kwargs", fields.kwargs),
    embed: {
      callbacks: signatures("callbacks", fields.callbacks),
      errbacks: signatures("errbacks", fields.errbacks),
      chain: undefined,
      chord: fields.chord == null ? undefined : signature("chord", fields.chord)
    }
  }))

/** What version 2 has in its body, to be serialized. */
export const encode = (
  args: ReadonlyArray<unknown>,
  kwargs: Readonly<Record<string, unknown>>,
  embed: Partial<Embed>
): Wire => [args, kwargs, {
  callbacks: embed.callbacks ?? null,
  errbacks: embed.errbacks ?? null,
  chain: embed.chain ?? null,
  chord: embed.chord ?? null
}]

/** Reads a signature that stands alone. */
export const decodeSignature = (value: unknown): Result.Result<SignatureJson, ProtocolError> =>
  attempt(nobody, () => signature("the signature", value))

const attempt = <A>(about: About, read: () => A): Result.Result<A, ProtocolError> => {
  try {
    return Result.succeed(read())
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { path, expected, received } = error
    return Result.fail(
      new ProtocolError({
        task: about.task,
        id: about.id,
        reason: new InvalidBody({ path, expected, received: describe(received) })
      })
    )
  }
}

const readEmbed = (path: string, value: unknown): Embed => {
  if (value == null) return noEmbed
  const embed = table(path, value)
  if (embed.callbacks == null && embed.errbacks == null && embed.chain == null && embed.chord == null) return noEmbed
  return {
    callbacks: signatures("embed.callbacks", embed.callbacks),
    errbacks: signatures("embed.errbacks", embed.errbacks),
    chain: signatures("embed.chain", embed.chain),
    chord: embed.chord == null ? undefined : signature("embed.chord", embed.chord)
  }
}

const list = (path: string, value: unknown): ReadonlyArray<unknown> => {
  if (Array.isArray(value)) return value
  throw new Refusal(path, "a list", value)
}

const table = (path: string, value: unknown): Readonly<Record<string, unknown>> => {
  if (isTable(value)) return value
  throw new Refusal(path, "an object", value)
}

/** One signature stands for a list of it. For readers: throws a `Refusal`. */
export const signatures = (path: string, value: unknown): ReadonlyArray<SignatureJson> | undefined => {
  if (value == null) return undefined
  if (isTable(value)) return [signature(path, value)]
  const items = list(path, value)
  for (let index = 0; index < items.length; index++) {
    const item = items[index]
    // A chain may be long: where a signature stands is only said of one that is wrong.
    if (!isSignature(item)) signature(`${path}[${index}]`, item)
  }
  return items as ReadonlyArray<SignatureJson> // every item was looked at
}

/** Whether `signature` has nothing to say against it. */
const isSignature = (value: unknown): boolean =>
  isTable(value) && typeof value.task === "string" && value.task !== "" &&
  (value.args == null || Array.isArray(value.args)) &&
  (value.kwargs == null || isTable(value.kwargs)) &&
  (value.options == null || isTable(value.options)) &&
  (value.subtask_type == null || typeof value.subtask_type === "string") &&
  (value.immutable == null || typeof value.immutable === "boolean")

const signature = (path: string, value: unknown): SignatureJson => {
  const fields = table(path, value)
  if (typeof fields.task !== "string" || fields.task === "") {
    throw new Refusal(`${path}.task`, "the name of a task", fields.task)
  }
  if (fields.args != null && !Array.isArray(fields.args)) throw new Refusal(`${path}.args`, "a list", fields.args)
  if (fields.kwargs != null) table(`${path}.kwargs`, fields.kwargs)
  if (fields.options != null) table(`${path}.options`, fields.options)
  if (fields.subtask_type != null && typeof fields.subtask_type !== "string") {
    throw new Refusal(`${path}.subtask_type`, "text or null", fields.subtask_type)
  }
  if (fields.immutable != null && typeof fields.immutable !== "boolean") {
    throw new Refusal(`${path}.immutable`, "true, false or null", fields.immutable)
  }
  return fields as unknown as SignatureJson // all of its fields were looked at, one by one
}

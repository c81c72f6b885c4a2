/**
 * What follows a task, by its message: its callbacks, its errbacks, the rest of
 * its chain, the body of its chord.
 *
 * A task whose followers make no sense does not run, for it would end a workflow
 * without a word: the message goes to the dead-letter exchange, and whoever waits
 * gets a failure that says why, for the task itself and for every one that would
 * have followed. The same goes for a task that ends without running for any other
 * reason. Source: protocol §1.3, §1.4.
 *
 * @since 0.1.0
 */
import * as Content from "@celeriac/messaging/Content"
import type { Message } from "@celeriac/messaging/Message"
import * as SignatureCall from "@celeriac/tasks/protocol/SignatureCall"
import { type Embed, noEmbed, type SignatureJson } from "@celeriac/tasks/protocol/TaskBody"
import { type ExceptionRecord, make } from "@celeriac/tasks/result/ExceptionRecord"
import * as Result from "effect/Result"

/** A task that was to be sent because of another one. */
export interface Follower {
  readonly id: string
  /** Where its result is waited for, by backends that send them. */
  readonly replyTo: string | undefined
  readonly group: string | undefined
}

/**
 * Why a task with these successors is refused, if it is: one of them could not
 * be sent, and then nothing runs by halves. `countsChords`: somebody counts the
 * parts of chords.
 */
export const refusal = (embed: Embed, countsChords: boolean): ExceptionRecord | undefined => {
  if (embed === noEmbed) return undefined
  const look = new Look(countsChords)
  const why = look.all("embed.callbacks", embed.callbacks, deepest) ??
    look.all("embed.errbacks", embed.errbacks, deepest) ??
    look.all("embed.chain", embed.chain, deepest) ??
    (embed.chord === undefined ? undefined : look.body("embed.chord", embed.chord, deepest))
  return why === undefined
    ? undefined
    : make(why.type, [`what follows the task makes no sense to this worker: ${why.text}: it was not run`])
}

/** Why a signature cannot be sent, if it cannot. */
export const problem = (signature: unknown, countsChords: boolean): ExceptionRecord | undefined => {
  const why = new Look(countsChords).one("the signature", signature, deepest)
  return why === undefined ? undefined : make(why.type, [why.text])
}

interface Why {
  readonly type: "ValueError" | "NotImplementedError"
  readonly text: string
}

/** Looks at signatures, however deep they stand. */
class Look {
  private readonly countsChords: boolean
  private seen = 0

  constructor(countsChords: boolean) {
    this.countsChords = countsChords
  }

  all(path: string, value: unknown, depth: number): Why | undefined {
    if (value == null) return undefined
    if (!Array.isArray(value)) return isTable(value) ? this.one(path, value, depth) : wrong(path, "is no list")
    for (let index = 0; index < value.length; index++) {
      const why = this.one(`${path}[${index}]`, value[index], depth)
      if (why !== undefined) return why
    }
    return undefined
  }

  body(path: string, value: unknown, depth: number): Why | undefined {
    return this.countsChords ? this.one(path, value, depth) : {
      type: "NotImplementedError",
      text: `${path} is the body of a chord, and the result backend cannot count its parts`
    }
  }

  one(path: string, value: unknown, depth: number): Why | undefined {
    if (depth === 0) return wrong(path, `stands deeper than ${deepest} signatures`)
    if (++this.seen > most) return wrong(path, `is one of more than ${most} signatures`)
    if (!isTable(value)) return wrong(path, "is no signature")
    const { chain, chord, link, link_error, ...options } = isTable(value.options) ? value.options : none
    if (options.stamped_headers != null && !Array.isArray(options.stamped_headers)) {
      return wrong(`${path}.options.stamped_headers`, "is no list")
    }
    const read = SignatureCall.read({
      ...value,
      subtask_type: null,
      options: isTable(value.options) ? options : value.options
    })
    if (Result.isFailure(read)) return wrong(path, read.failure.message)
    return this.all(`${path}.options.link`, link, depth - 1) ??
      this.all(`${path}.options.link_error`, link_error, depth - 1) ??
      this.all(`${path}.options.chain`, chain, depth - 1) ??
      (chord == null ? undefined : this.body(`${path}.options.chord`, chord, depth - 1)) ??
      this.parts(path, value, depth)
  }

  private parts(path: string, { kwargs, subtask_type, task }: Table, depth: number): Why | undefined {
    const { body, header, tasks } = isTable(kwargs) ? kwargs : none
    switch (subtask_type ?? task) {
      case "chain":
      case "celery.chain":
      case "group":
      case "celery.group":
        return Array.isArray(tasks)
          ? this.all(`${path}.kwargs.tasks`, tasks, depth - 1)
          : wrong(`${path}.kwargs.tasks`, "is no list")
      case "chord":
      case "celery.chord":
        return header == null
          ? wrong(`${path}.kwargs.header`, "is missing")
          : this.all(`${path}.kwargs.header`, header, depth - 1) ?? this.body(`${path}.kwargs.body`, body, depth - 1)
      default:
        return undefined
    }
  }
}

type Table = Readonly<Record<string, unknown>>

const wrong = (path: string, what: string): Why => ({ type: "ValueError", text: `${path} ${what}` })

/** Every step of a chain whose result somebody can wait for, and the bodies of those that are chords. */
export const steps = (chain: ReadonlyArray<SignatureJson>): ReadonlyArray<Follower> => {
  const found = new Map<string, Follower>()
  collect(chain.map(withoutOthers), found, deepest)
  return [...found.values()]
}

/** The steps of a chain that are parts of a chord. */
export const bodies = (chain: ReadonlyArray<SignatureJson>): ReadonlyArray<SignatureJson> =>
  chain.filter(({ options }) => options?.chord != null)

/** What follows a step in other ways is told of, or sent, by itself. */
const withoutOthers = (signature: SignatureJson): SignatureJson => {
  const { chain: _, chord: __, link: ___, link_error: ____, ...options } = signature.options ?? {}
  return { ...signature, options }
}

/**
 * Every task behind this message's whose result somebody can wait for: those
 * that have an id, however deep they stand. The message may be good for
 * nothing else: what of it makes no sense is passed over.
 */
export const followers = (
  { body, headers, properties }: Message,
  coding: Content.DecodeOptions
): ReadonlyArray<Follower> => {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (headers["compression"] === undefined && !bytes.includes("task_id") && !bytes.includes("\\u00")) return nobody
  // Without what the transport says against it: there may be enough of it.
  const read = Content.decode({ body, headers, properties }, coding)
  if (Result.isFailure(read)) return nobody
  const payload = read.success
  const embed: unknown = Array.isArray(payload) ? payload[2] : payload
  if (!isTable(embed)) return nobody
  const found = new Map<string, Follower>()
  for (const part of ["callbacks", "errbacks", "chain", "chord"]) collect(embed[part], found, deepest)
  return [...found.values()]
}

const nobody: ReadonlyArray<Follower> = []

/** Deeper, and more, than any workflow: a message may hold anything. */
const deepest = 64
const most = 10_000

/** Looks at signatures, lists of them, and what stands inside. */
const collect = (value: unknown, found: Map<string, Follower>, depth: number): void => {
  if (depth === 0 || found.size >= most || typeof value !== "object" || value === null) return
  if (Array.isArray(value)) {
    for (const item of value) collect(item, found, depth - 1)
    return
  }
  // Nothing in it is known: every member is looked at.
  const { kwargs, options, task } = value as Readonly<Record<string, unknown>>
  if (typeof task !== "string") return
  const { group_id, ignore_result, reply_to, task_id, ...more } = isTable(options) ? options : none
  // The id of a group is nobody's result: its members have their own.
  if (typeof task_id === "string" && ignore_result !== true && task !== "celery.group" && found.size < most) {
    found.set(task_id, {
      id: task_id,
      replyTo: typeof reply_to === "string" ? reply_to : undefined,
      group: typeof group_id === "string" ? group_id : undefined
    })
  }
  for (const name of ["chain", "chord", "link", "link_error"]) collect(more[name], found, depth - 1)
  if (!composed.has(task) || !isTable(kwargs)) return
  for (const name of ["tasks", "header", "body"]) collect(kwargs[name], found, depth - 1)
}

/** Signatures whose parts are arguments. */
const composed: ReadonlySet<string> = new Set(["celery.chain", "celery.group", "celery.chord"])

const none: Readonly<Record<string, unknown>> = {}

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

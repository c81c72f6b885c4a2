/**
 * What follows a task, by its message: its callbacks, its errbacks, the rest of
 * its chain, the body of its chord.
 *
 * A task whose followers make no sense does not run, for it would end a workflow
 * without a word: the message goes to the dead-letter exchange, and whoever waits
 * gets a failure that says why, for the task itself and for every one that would
 * have followed. Source: protocol §1.3, §1.4.
 *
 * @since 0.1.0
 */
import * as ChainText from "@celeriac/tasks/protocol/ChainText"
import * as OrdinarySignature from "@celeriac/tasks/protocol/OrdinarySignature"
import * as SignatureCall from "@celeriac/tasks/protocol/SignatureCall"
import { type Embed, noEmbed } from "@celeriac/tasks/protocol/TaskBody"
import { type ExceptionRecord, make } from "@celeriac/tasks/result/ExceptionRecord"
import * as Result from "effect/Result"

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
    lookAtChain(look, embed, countsChords) ??
    (embed.chord === undefined ? undefined : look.body("embed.chord", embed.chord, deepest))
  return why === undefined
    ? undefined
    : make(why.type, [`what follows the task makes no sense to this worker: ${why.text}: it was not run`])
}

/** What was not read of it was recognised. */
const lookAtChain = (look: Look, embed: Embed, countsChords: boolean): Why | undefined => {
  const parts = ChainText.partsOf(embed)
  if (parts === undefined) return look.all("embed.chain", embed.chain, deepest)
  // One that is wrong is told of by its place among all.
  return look.all("embed.chain", parts.end, deepest) &&
    new Look(countsChords).all("embed.chain", embed.chain, deepest)
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
      if (this.passes(value[index], depth)) continue
      const why = this.one(`${path}[${index}]`, value[index], depth)
      if (why !== undefined) return why
    }
    return undefined
  }

  /** Most are as signatures usually are: one look is enough. */
  private passes(value: unknown, depth: number): boolean {
    if (this.seen >= most || depth <= 0 || !OrdinarySignature.is(value)) return false
    this.seen++
    return true
  }

  body(path: string, value: unknown, depth: number): Why | undefined {
    if (this.countsChords) return this.passes(value, depth) ? undefined : this.one(path, value, depth)
    return {
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

/** Deeper, and more, than any workflow: a message may hold anything. */
export const deepest = 64
export const most = 65_536

const none: Readonly<Record<string, unknown>> = {}

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/**
 * The front of a long chain, as it stands in the JSON of a message: the steps
 * that will be sent last, which a worker passes on and has no other use for.
 *
 * A step of a chain of two hundred carries the others with it. Reading them all
 * and writing all but one again, at every step anew, is most of what a worker
 * does for it. Here ordinary steps (`OrdinarySignature`) are recognised in the
 * text, left out of what is read, and put back into what is written. What is not
 * recognised is read as it always was. Source: protocol §1.3, §1.4.
 *
 * @since 0.1.0
 */
import type * as Content from "@celeriac/messaging/Content"
import * as Limits from "@celeriac/messaging/Limits"
import type { Message } from "@celeriac/messaging/Message"
import * as Serializers from "@celeriac/messaging/Serializers"
import * as Json from "@celeriac/messaging/serializers/Json"
import type { Embed, SignatureJson } from "./TaskBody.ts"

/** Steps that nobody has read, in the order of the list: the first of them is the last to be sent. */
export class Front {
  /** The items of a list: JSON with commas between them. */
  readonly bytes: Uint8Array
  private read: ReadonlyArray<SignatureJson> | undefined

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  get signatures(): ReadonlyArray<SignatureJson> {
    // Each of them was looked at: they are nothing else.
    return this.read ??= JSON.parse(`[${bufferOf(this.bytes).toString("latin1")}]`) as ReadonlyArray<SignatureJson>
  }
}

interface Mark {
  readonly task: string
  readonly bytes: Buffer
}

let made: Mark | undefined

/** Made when it is needed: to load Node's cryptography takes each child of a pool three megabytes. */
const mark = (): Mark => {
  if (made === undefined) {
    const task = process.getBuiltinModule("node:crypto").randomUUID()
    made = { task, bytes: Buffer.from(JSON.stringify({ task })) }
  }
  return made
}

/** In place of what is left out. No sender of a message knows it. */
export const standIn = (): SignatureJson => ({ task: mark().task })

/** A message without the front of its chain. */
export interface Cut {
  readonly message: Message
  /** Of what was read of `message`: what follows the task, all of it. Undefined where it was not the chain that was cut. */
  readonly whole: (embed: Embed) => Embed | undefined
}

/** What is known of a chain that was cut. */
interface Parts {
  readonly front: Front
  /** What was read: the last of them is sent next. */
  readonly end: ReadonlyArray<SignatureJson>
}

/** Shorter bodies are read sooner than looked through. */
const least = 1_024

/** More steps than are accepted have no place in so many bytes. */
const most = 4 * 1024 * 1024

/** Levels that a step takes of those that a body may have. */
const levels = 8

/** Leaves out of a message what is recognised. Undefined where that is nothing, or where the message is not as its sender usually writes it. */
export const cut = (message: Message, options: Content.DecodeOptions): Cut | undefined => {
  const { body, headers, properties } = message
  if (body.length < least || body.length > most || headers["compression"] != null) return undefined
  if (properties.contentType !== "application/json" || properties.contentEncoding !== "utf-8") return undefined
  const { bodyBytes, depth, values } = options.limits ?? Limits.defaults
  if (body.length > bodyBytes || body.length > values || depth < levels) return undefined
  const { byContentType } = options.serializers ?? Serializers.defaults
  if (byContentType.get("application/json") !== Json.json) return undefined

  const bytes = bufferOf(body)
  const from = startOf(bytes)
  if (from < 0) return undefined
  const text = bytes.toString("latin1", from)
  const found = front.exec(text)
  if (found === null || found[0].includes("\"__type__\"")) return undefined
  const to = from + found[0].length
  return {
    message: { ...message, body: Buffer.concat([bytes.subarray(0, from), mark().bytes, comma, bytes.subarray(to)]) },
    whole: (embed) => {
      const [first, ...end] = embed.chain ?? []
      if (first?.task !== mark().task || end.length === 0) return undefined
      return joined(embed, { front: new Front(bytes.subarray(from, to - separatorOf(found[0]))), end })
    }
  }
}

const cuts = new WeakMap<Embed, Parts>()

const joined = ({ callbacks, chord, errbacks }: Embed, parts: Parts): Embed => {
  let all: Embed["chain"]
  const embed: Embed = {
    callbacks,
    errbacks,
    get chain() {
      return all ??= [...parts.front.signatures, ...parts.end]
    },
    chord
  }
  cuts.set(embed, parts)
  return embed
}

/** Of what follows a task, when its chain was cut. */
export const partsOf = (embed: Embed): Parts | undefined => cuts.get(embed)

/** Puts the front of a chain where `standIn` was written. Undefined where the body is in another form than JSON without spaces. */
export const splice = (body: Uint8Array, { bytes }: Front): Uint8Array | undefined => {
  const into = bufferOf(body)
  const { bytes: written } = mark()
  const at = into.indexOf(written)
  return at < 0 ? undefined : Buffer.concat([into.subarray(0, at), bytes, into.subarray(at + written.length)])
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Where the first item of what looks like the chain begins, or less than 0. */
const startOf = (bytes: Buffer): number => {
  for (const key of keys) {
    const at = bytes.indexOf(key)
    // A quote that is escaped begins no key.
    if (at > 0 && bytes[at - 1] !== backslash) return at + key.length
  }
  return -1
}

/** As JavaScript writes it, and Python. */
const keys = ["\"chain\":[", "\"chain\": ["].map((key) => Buffer.from(key))

const backslash = 0x5c
const comma = Buffer.from(",")

const separatorOf = (items: string): number => items.endsWith(" ") ? 2 : 1

/** Text without an escape; a number that is read as it is written. */
const string = "\"[ !#-\\[\\]-~]*\""
const scalar = `(?:${string}|-?(?:0|[1-9]\\d{0,14})(?:\\.\\d{1,15})?|true|false|null)`
const separator = ", ?"

const several = (open: string, item: string, close: string): string =>
  `\\${open}(?:${item}(?:${separator}${item})*)?\\${close}`

/** As `OrdinarySignature` has them. */
const option = "(?:\"(?:task_id|reply_to|queue|exchange|routing_key|root_id|parent_id|group_id|shadow)\": ?" +
  `(?:null|${string})|"ignore_result": ?(?:true|false|null))`

const step = [
  "\\{\"task\": ?\"(?!celery\\.)[ !#-\\[\\]-~]+\"",
  `"args": ?${several("[", scalar, "]")}`,
  `"kwargs": ?${several("{", `${string}: ?${scalar}`, "}")}`,
  `"options": ?${several("{", option, "}")}`,
  "\"subtask_type\": ?null",
  "\"immutable\": ?(?:true|false)"
].join(separator) + `(?:${separator}"chord_size": ?null)?\\}`

/** Not the last of the list: that is sent next. */
const front = new RegExp(`^(?:${step}${separator})+`)

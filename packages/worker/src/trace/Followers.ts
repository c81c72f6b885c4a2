/**
 * What was to follow a task that has failed, or has not run: the tasks whose
 * results somebody can wait for, and the parts of chords that will not come.
 *
 * In a chord, the header is told of and the body is the part of whatever chord
 * is around it. The messages in question may be good for nothing else: what of
 * them makes no sense is passed over. Source: protocol §1.3, §1.4, tasks §8.
 *
 * @since 0.1.0
 */
import * as Content from "@celeriac/messaging/Content"
import type { Message } from "@celeriac/messaging/Message"
import * as TaskBody from "@celeriac/tasks/protocol/TaskBody"
import type { SignatureJson } from "@celeriac/tasks/protocol/TaskBody"
import * as TaskId from "@celeriac/tasks/TaskId"
import * as Result from "effect/Result"
import * as Canvas from "./Canvas.ts"

/** A task that was to be sent because of another one. */
export interface Follower {
  readonly id: string
  /** Where its result is waited for, by backends that send them. */
  readonly replyTo: string | undefined
  readonly group: string | undefined
  /** As it was to be sent. */
  readonly signature: Unlooked
}

/** A signature that nobody has looked at. */
export type Unlooked = Readonly<Partial<Record<keyof SignatureJson, unknown>>>

/** A part of a chord that will not come. */
export interface Missing {
  readonly id: string
  readonly groupId: string
  /** Infinity where it has no place. */
  readonly index: number
  readonly body: SignatureJson
}

export interface Behind {
  readonly followers: ReadonlyArray<Follower>
  readonly missing: ReadonlyArray<Missing>
}

const nobody: Behind = { followers: [], missing: [] }

/** Of signatures that `Canvas.refusal` has looked at. What is linked to them is sent by nobody, and told of to nobody, as in Celery. */
export const ofSignatures = (signatures: ReadonlyArray<SignatureJson>): Behind => {
  if (signatures.length === 0) return nobody
  const found = new Found(false, true)
  found.look(signatures, Canvas.deepest, nowhere)
  return found.behind
}

/** Of a message. `countsChords`: somebody counts the parts of chords; if not, a chord has failed with its part. */
export const ofMessage = (message: Message, coding: Content.DecodeOptions, countsChords: boolean): Behind => {
  const embed = mentions(message, "task_id") ? rawEmbed(message, coding) : undefined
  if (embed === undefined) return nobody
  const found = new Found(true, countsChords)
  for (const part of ["callbacks", "errbacks", "chain"]) found.look(embed[part], Canvas.deepest, nowhere)
  const { group, group_index, id } = message.headers
  const isCounted = countsChords && found.miss({ chord: embed.chord, group_id: group, group_index, task_id: id })
  if (!isCounted) found.look(embed.chord, Canvas.deepest, nowhere)
  return found.behind
}

/** What follows a task by its message, if that can be read and makes sense: of a run that nobody has told it. */
export const embedOf = (message: Message, coding: Content.DecodeOptions): TaskBody.Embed | undefined => {
  if (!mentions(message, "\"task\"")) return undefined
  const embed = rawEmbed(message, coding)
  const body = embed === undefined ? undefined : TaskBody.decodeFields(embed)
  if (embed === undefined || body === undefined || Result.isFailure(body)) return undefined
  const chain = TaskBody.decode([[], {}, { chain: embed.chain }])
  if (Result.isFailure(chain)) return undefined
  const whole = { ...body.success.embed, chain: chain.success.embed.chain }
  return Canvas.refusal(whole, true) === undefined ? whole : undefined
}

/** Most messages have nothing behind them: reading their bodies shows nothing. */
const mentions = ({ body, headers }: Message, what: string): boolean => {
  if (headers["compression"] !== undefined) return true
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  return bytes.includes(what) || bytes.includes("\\u00")
}

const rawEmbed = ({ body, headers, properties }: Message, coding: Content.DecodeOptions): Table | undefined => {
  // Without what the transport says against it: there may be enough of it.
  const read = Content.decode({ body, headers, properties }, coding)
  if (Result.isFailure(read)) return undefined
  const payload = read.success
  const embed: unknown = Array.isArray(payload) ? payload[2] : payload
  return isTable(embed) ? embed : undefined
}

type Table = Readonly<Record<string, unknown>>

/** Which chord a signature is a part of: said where the whole stands that it is the end of. */
interface Place {
  readonly chord: unknown
  readonly group_id: unknown
  readonly group_index: unknown
}

const nowhere: Place = { chord: undefined, group_id: undefined, group_index: undefined }

/** Of what is looked at: signatures, and lists of them. */
const mostLooks = 16 * Canvas.most

class Found {
  private readonly followers = new Map<string, Follower>()
  private readonly missing = new Map<string, Missing>()
  private readonly links: boolean
  private readonly counts: boolean
  private looks = 0

  /** `links`: what is linked to a task is looked at too. `counts`: chords are counted, else their bodies are looked at. */
  constructor(links: boolean, counts: boolean) {
    this.links = links
    this.counts = counts
  }

  get behind(): Behind {
    return { followers: [...this.followers.values()], missing: [...this.missing.values()] }
  }

  /** Looks at signatures, lists of them, and what stands inside. No place: they are a header, whose chord is looked at already. */
  look(value: unknown, depth: number, place: Place | undefined): void {
    if (typeof value !== "object" || value === null || depth === 0) return
    // What a serializer gives may stand in itself.
    if (++this.looks > mostLooks || this.followers.size >= Canvas.most) return
    if (Array.isArray(value)) {
      for (const item of value) this.look(item, depth - 1, place)
      return
    }
    const { kwargs, options: given, task } = value as Unlooked
    if (typeof task !== "string") return
    const options = isTable(given) ? given : none
    const own = place && placeOf(options, place)
    this.tell(value, task, options)
    const alone = place && nowhere
    this.look(options.chain, depth - 1, alone)
    if (this.links) {
      for (const name of ["link", "link_error"]) this.look(options[name], depth - 1, alone)
    }
    const inside = composed.has(task) && isTable(kwargs) ? kwargs : undefined
    if (inside !== undefined) this.lookInside(task, inside, options.task_id, depth - 1, own)
    if (own === undefined) {
      // It is the body around, unless the message makes no sense.
      if (this.links) this.look(options.chord, depth - 1, undefined)
      return
    }
    const isCounted = this.counts &&
      (inside === undefined ? this.miss({ ...own, task_id: options.task_id }) : isSound(options.chord))
    if (!isCounted) this.look(options.chord, depth - 1, nowhere)
  }

  private lookInside(
    task: string,
    { body, header, tasks }: Table,
    id: unknown,
    depth: number,
    place: Place | undefined
  ): void {
    const all = Array.isArray(tasks) ? tasks : [tasks]
    all.forEach((one: unknown, index) => {
      // Each member of a group is a part, and the last step of a chain.
      if (task === "celery.group") {
        this.look(one, depth, place && { chord: place.chord, group_id: place.group_id ?? id, group_index: index })
      } else this.look(one, depth, place && (index === all.length - 1 ? place : nowhere))
    })
    this.look(header, depth, undefined)
    this.look(body, depth, place)
  }

  private tell(signature: Unlooked, task: string, { group_id, ignore_result, reply_to, task_id }: Table): void {
    // The id of a group is nobody's result: its members have their own.
    if (typeof task_id !== "string" || ignore_result === true || task === "celery.group") return
    this.followers.set(task_id, {
      id: task_id,
      replyTo: typeof reply_to === "string" ? reply_to : undefined,
      group: typeof group_id === "string" ? group_id : undefined,
      signature
    })
  }

  /** Gives whether it is a part of a chord. */
  miss({ chord, group_id, group_index, task_id }: Place & { readonly task_id: unknown }): boolean {
    if (typeof group_id !== "string" || !isSound(chord)) return false
    const index = typeof group_index === "number" ? group_index : Infinity
    const id = typeof task_id === "string" ? task_id : TaskId.derived(`missing:${group_id}:${index}`)
    this.missing.set(`${group_id}:${id}`, { id, groupId: group_id, index, body: chord })
    return true
  }
}

const isSound = (chord: unknown): chord is SignatureJson => isTable(chord) && Canvas.problem(chord, true) === undefined

const placeOf = ({ chord, group_id, group_index }: Table, place: Place): Place => ({
  chord: chord ?? place.chord,
  group_id: group_id ?? place.group_id,
  group_index: group_index ?? place.group_index
})

/** Signatures whose parts are arguments. */
const composed: ReadonlySet<string> = new Set(["celery.chain", "celery.group", "celery.chord"])

const none: Table = {}

const isTable = (value: unknown): value is Table => typeof value === "object" && value !== null && !Array.isArray(value)

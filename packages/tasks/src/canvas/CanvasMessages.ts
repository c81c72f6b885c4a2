/**
 * Takes signatures apart into the messages by which they are sent: a single
 * task, or a chain, a group or a chord, however they are nested.
 *
 * Ids that nobody has given are made of the id of the task that sends, and of
 * the place of the signature: a second run of that task sends the same ones.
 * Source: tasks §17, Celery's `canvas`.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type * as ChainText from "../protocol/ChainText.ts"
import type { SignatureJson } from "../protocol/TaskBody.ts"
import * as ResultTuple from "../result/ResultTuple.ts"
import type * as SignatureMessage from "../SignatureMessage.ts"
import * as TaskId from "../TaskId.ts"
import {
  endIdOf,
  endingIn,
  flat,
  isComposed,
  isSignature,
  kindOf,
  linksOf,
  memberIn,
  membersOf,
  resultOf,
  shapeOf,
  stepsOf,
  sum,
  unrolled
} from "./CanvasShape.ts"

type Table = Readonly<Record<string, unknown>>

/** How many parts a chord has that is sent. */
export interface ChordSize {
  readonly groupId: string
  readonly size: number
}

export interface CanvasMessage extends SignatureMessage.SignatureMessage {
  /** It is in a group, and need not wait for the one before. */
  readonly isBeside?: boolean | undefined
}

/** Thrown when a signature cannot be sent, and caught by whoever made this. */
export class Unsendable extends Error {}

/** What one task sends: collects it. */
export class CanvasMessages {
  readonly messages: Array<CanvasMessage> = []
  readonly sizes: Array<ChordSize> = []
  /** Headers of chords that are groups of groups: to be saved, for whoever gives their results the same shape. */
  readonly saves: Array<ResultTuple.ResultTuple> = []
  /** What the sender has as its children: of a chain its first task, of a chord its header. */
  readonly trail: Array<ResultTuple.ResultTuple> = []
  private groups = 0
  /** The first message of the outermost group. */
  private groupFrom = 0
  private readonly write: SignatureMessage.Write
  private readonly newId: () => string
  private readonly now: number
  private made = 0

  /** `sender` is the id of the task that sends, or makes ids where none does. */
  constructor(write: SignatureMessage.Write, sender: string | (() => string), now: number) {
    this.write = write
    this.newId = typeof sender === "string" ? () => TaskId.derived(`${sender}:${this.made++}`) : sender
    this.now = now
  }

  /**
   * Sends a signature with arguments in front of its own, and these options over
   * its own; `front` are steps in front of those in the option `chain`.
   */
  apply(
    signature: SignatureJson,
    args: ReadonlyArray<unknown>,
    options: Table,
    front?: ChainText.Front
  ): ResultTuple.ResultTuple {
    if (front !== undefined && isComposed(signature)) {
      const end = Array.isArray(options.chain) ? options.chain : []
      return this.apply(signature, args, { ...options, chain: [...front.signatures, ...end] })
    }
    const merged = merge(signature, args, options)
    switch (kindOf(signature)) {
      case "chain":
        return this.chain(merged, args)
      case "group":
        return this.group(merged, membersOf(merged), args)
      case "chord":
        return this.chord(merged, args)
      default:
        return this.task(merged, front)
    }
  }

  /** Sends several as one new group. */
  applyGroup(
    tasks: ReadonlyArray<SignatureJson>,
    args: ReadonlyArray<unknown>,
    options: Table
  ): ResultTuple.ResultTuple {
    return this.apply({ task: "celery.group", kwargs: { tasks }, subtask_type: "group" }, args, options)
  }

  private task(signature: SignatureJson, front: ChainText.Front | undefined): ResultTuple.ResultTuple {
    const options = signature.options ?? {}
    const id = this.idOf(options)
    const written = this.write({ ...signature, options: { ...options, task_id: id } }, this.now, front)
    if (Result.isFailure(written)) throw new Unsendable(`${signature.task}: ${written.failure.message}`)
    const isBeside = this.groups > 0 && this.messages.length > this.groupFrom
    this.messages.push(isBeside ? { ...written.success, isBeside } : written.success)
    return this.track(ResultTuple.task(id))
  }

  private group(
    group: SignatureJson,
    members: ReadonlyArray<SignatureJson>,
    args: ReadonlyArray<unknown>,
    isHeader = false
  ): ResultTuple.ResultTuple {
    const { chord, group_id, group_index: _, link, link_error, task_id, ...rest } = group.options ?? {}
    const id = this.idOf({ task_id })
    const all = flat(members)
    const body = chord ?? all.find(({ options }) => options?.chord != null)?.options?.chord
    // One that is the end of a part is in the size of the whole.
    if (isHeader) this.sizes.push({ groupId: id, size: sum(all) })
    const within = !isHeader && body != null && typeof group_id === "string" ? group_id : id
    if (this.groups++ === 0) this.groupFrom = this.messages.length
    const results = all.map((member, index) =>
      this.apply(
        memberIn(member, within, index, body != null),
        args,
        // What is linked to a group is so to each member, besides its own.
        { ...rest, ...(body == null ? {} : { chord: body }), ...followers(member, link, link_error) }
      )
    )
    this.groups--
    return this.track(ResultTuple.group(id, results))
  }

  /** The members of a group are in it. */
  private track(result: ResultTuple.ResultTuple): ResultTuple.ResultTuple {
    if (this.groups === 0) this.trail.push(result)
    return result
  }

  private chord(chord: SignatureJson, args: ReadonlyArray<unknown>): ResultTuple.ResultTuple {
    const { body, header } = chord.kwargs ?? {}
    const { countdown, eta, parent_id, task_id, ...ofBody } = chord.options ?? {}
    const { chain: _, chord: __, group_id: ___, group_index: ____, link: _____, link_error: ______, ...ofHeader } =
      ofBody
    const members = isSignature(header) ? membersOf(header) : (header ?? []) as ReadonlyArray<SignatureJson>
    const headerId = this.idOf({ task_id: isSignature(header) ? header.options?.task_id : undefined })
    const own = body as SignatureJson // `Canvas.refusal` has looked at it
    const id = this.idOf({ task_id: endIdOf(own) || task_id })
    // That of a chord is its header's.
    const ownId = kindOf(own) === "chord" ? own.options?.task_id ?? id : id
    const links = [...linksOf(own, "link"), ...linksOf(chord, "link")]
    const { options } = merge(own, [], { ...ofBody, link: links.length === 0 ? undefined : links })
    const whole = {
      ...own,
      options: defined({ ...options, link_error: undefined, ...errbacks(own, chord), task_id: ownId })
    }
    if (flat(members).length === 0) return this.apply(whole, [[]], defined({ parent_id }))
    const framed = endingIn(whole, whole.options.group_id ?? headerId)
    const parts = this.group(
      {
        task: "celery.group",
        options: defined({ ...ofHeader, countdown, eta, parent_id, task_id: headerId, chord: framed })
      },
      members,
      args,
      true
    )
    const shape = shapeOf(headerId, flat(members), parts)
    if (shape !== undefined) this.saves.push(shape)
    return ResultTuple.task(id, parts)
  }

  private chain(chain: SignatureJson, args: ReadonlyArray<unknown>): ResultTuple.ResultTuple {
    const {
      chain: outer,
      chord,
      group_id,
      group_index,
      link,
      link_error,
      parent_id,
      reply_to,
      root_id,
      task_id,
      ...ofFirst
    } = chain.options ?? {}
    const steps = unrolled(stepsOf(membersOf(chain)))
    const [first, ...rest] = steps.map((step, index) => {
      const isLast = index === steps.length - 1
      const own = step.options ?? {}
      const last = isLast
        ? defined({
          chord,
          group_id: own.group_id ?? group_id,
          group_index,
          reply_to: own.reply_to ?? reply_to,
          task_id: own.task_id ?? task_id
        })
        : {}
      const others = followers(step, isLast ? link : undefined, link_error)
      const options = defined({ ...own, root_id: root_id ?? own.root_id, ...last, ...others })
      return withOptions(step, { ...options, task_id: this.idOf(options) })
    })
    if (first === undefined) throw new Unsendable("a chain has no tasks")
    const behind = [...(Array.isArray(outer) ? outer : []), ...rest.toReversed()]
    const sent = this.apply(
      first,
      args,
      defined({ ...ofFirst, parent_id, chain: behind.length === 0 ? undefined : behind })
    )
    return rest.reduce((parent, step) => resultOf(step, parent), sent)
  }

  private idOf({ task_id }: Table): string {
    if (typeof task_id !== "string" || task_id === "") return this.newId()
    this.made++
    return task_id
  }
}

/** Arguments in front unless it is immutable; the options win, but for its group and its stamps. */
const merge = (signature: SignatureJson, args: ReadonlyArray<unknown>, options: Table) => {
  const own = signature.options ?? {}
  const stamps = Array.isArray(own.stamped_headers) ? own.stamped_headers : []
  const merged: Record<string, unknown> = { ...own }
  for (const [name, value] of Object.entries(options)) {
    const isFixed = name === "group_id" || name === "stamped_headers" || stamps.includes(name)
    if (value != null && !(isFixed && Object.hasOwn(own, name))) merged[name] = value
  }
  return {
    ...signature,
    args: signature.immutable === true ? signature.args ?? [] : [...args, ...signature.args ?? []],
    options: merged
  }
}

const withOptions = (signature: SignatureJson, options: Table) => ({ ...signature, options })

const errbacks = (body: SignatureJson, chord: SignatureJson): Table => {
  const all = [...linksOf(body, "link_error"), ...linksOf(chord, "link_error")]
  return all.length === 0 ? {} : { link_error: all }
}

const followers = (step: SignatureJson, link: unknown, linkError: unknown): Table => {
  const options = { link, link_error: linkError }
  const outer: SignatureJson = { task: "", options }
  const out: Record<string, unknown> = {}
  if (link != null) out.link = [...linksOf(step, "link"), ...linksOf(outer, "link")]
  if (linkError != null) out.link_error = [...linksOf(step, "link_error"), ...linksOf(outer, "link_error")]
  return out
}

const defined = (options: Table): Table =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value != null))

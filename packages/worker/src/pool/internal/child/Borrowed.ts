/**
 * The services that handlers have in a child: each of them is the parent's, and
 * asks it.
 *
 * @since 0.1.0
 */
import * as EventDispatcher from "@celeriac/tasks/event/EventDispatcher"
import { ChordCounter } from "@celeriac/tasks/result/ChordCounter"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import { ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Coding } from "../../../trace/Portable.ts"
import * as Crossing from "../Crossing.ts"
import type { Lent } from "../Protocol.ts"
import type { Caller } from "./Caller.ts"
import type { Wire } from "./Wire.ts"

/** Those that the parent has, but for what sends. */
export const make = (
  { chords, events, reader, writer }: Lent,
  caller: Caller,
  wire: Wire,
  coding: Coding
): Context.Context<never> =>
  Context.empty().pipe(
    addIf(EventDispatcher.EventDispatcher, events && dispatcher(new Set(events), wire, coding)),
    addIf(ResultWriter, writer && writerOf(writer.uri, caller)),
    addIf(ResultReader, reader && readerOf(reader, caller)),
    addIf(ChordCounter, chords && counterOf(chords, caller))
  )

const addIf = <I, S>(key: Context.Key<I, S>, service: S | undefined) => (context: Context.Context<never>) =>
  // Whatever is in it: a handler takes what it needs.
  service === undefined ? context : Context.add(context, key, service) as Context.Context<any> as Context.Context<never>

/** Whether anybody wants them is for the parent to know. */
const dispatcher = (
  groups: ReadonlySet<string>,
  wire: Wire,
  coding: Coding
): EventDispatcher.EventDispatcher["Service"] => ({
  ...EventDispatcher.disabled,
  groups,
  enabled: (group) => groups.has(group),
  send: (type: string, fields: object, options: EventDispatcher.SendOptions = {}) => {
    const packed = Crossing.pack(fields, coding)
    if (Result.isFailure(packed)) return
    wire.send({ _tag: "Event", type, fields: packed.success, always: options.always === true })
  }
})

const writerOf = (uri: string, caller: Caller): ResultWriter["Service"] => ({
  uri,
  storeUnsafe: (record, { correlationId, replyTo }, onStored) => {
    const storing = caller.call<void, ResultError>("writer.store", record, { correlationId, replyTo })
    Effect.runFork(
      Effect.matchCause(storing, {
        onSuccess: () => onStored(),
        onFailure: (cause) => onStored(cause.reasons.find((reason) => reason._tag === "Fail")?.error)
      })
    )
  },
  cleanup: Effect.suspend(() => caller.call<void, ResultError>("writer.cleanup"))
})

const readerOf = (
  { replyTo, uri }: NonNullable<Lent["reader"]>,
  caller: Caller
): ResultReader["Service"] => ({
  uri,
  replyTo,
  prepare: (taskId, deadline) => caller.call("reader.prepare", taskId, Duration.toMillis(deadline)),
  wait: (taskId) => caller.call("reader.wait", taskId),
  // Whoever reads streams has loaded `Sender`, which puts this right.
  updates: () => unread,
  lookup: (taskId) => caller.call("reader.lookup", taskId),
  state: (taskId) => caller.call("reader.state", taskId),
  forget: (taskId) => caller.call("reader.forget", taskId),
  saveGroup: (group) => caller.call("reader.saveGroup", group),
  restoreGroup: (groupId) => caller.call("reader.restoreGroup", groupId),
  deleteGroup: (groupId) => caller.call("reader.deleteGroup", groupId)
})

const unread: any = undefined

const counterOf = (
  { isRefusing, uri }: NonNullable<Lent["chords"]>,
  caller: Caller
): ChordCounter["Service"] => ({
  uri,
  isRefusing,
  setSize: (groupId, size) => caller.call("chords.setSize", groupId, size),
  grow: (groupId, added) => caller.call("chords.grow", groupId, added),
  count: (part) => caller.call("chords.count", part),
  forget: (groupId) => caller.call("chords.forget", groupId)
})

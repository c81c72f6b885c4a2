/**
 * Events to and from the wire.
 *
 * What comes in is others': a value that is none, or that is larger than it may
 * be, makes the event malformed, which is told and never thrown. What goes out
 * is JSON text, the members of an object without its braces: an event is put
 * together of such texts. The hot ones are written by `TaskEvents`.
 *
 * @since 0.1.0
 */
import * as Json from "@celeriac/messaging/serializers/Json"
import * as Result from "effect/Result"
import * as EventFields from "../internal/EventFields.ts"
import { Refusal } from "../internal/Refusal.ts"
import { describe } from "../protocol/ProtocolError.ts"
import type * as Event from "./Event.ts"

/** An event that makes no sense. It carries no stack: strangers choose how often it is made. */
export class MalformedEvent {
  readonly _tag = "MalformedEvent"
  /** The field that is wrong. */
  readonly field: string
  readonly message: string

  constructor(field: string, message: string) {
    this.field = field
    this.message = message
  }
}

/** Reads one event. Never throws. */
export const decode = (wire: unknown): Result.Result<Event.Event, MalformedEvent> => {
  try {
    return Result.succeed(read(EventFields.table(wire)))
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { expected, path, received } = error
    const what = expected.startsWith("larger") ? expected : `${describe(received)}, not ${expected}`
    return Result.fail(new MalformedEvent(path, `malformed event: ${path} is ${what}`))
  }
}

const read = (wire: Readonly<Record<string, unknown>>): Event.Event => {
  const type = EventFields.typeOf(wire.type)
  const event: Record<string, unknown> = {
    _tag: "Custom",
    type,
    hostname: EventFields.name("hostname", wire.hostname),
    timestamp: EventFields.timestamp("timestamp", wire.timestamp)
  }
  maybe(event, wire, "utcoffset", EventFields.utcoffset)
  maybe(event, wire, "pid", EventFields.pid)
  maybe(event, wire, "clock", EventFields.clock)
  const spec = EventFields.specOf(type)
  if (spec === undefined) readCustom(event, wire, type)
  else {
    event._tag = spec.tag
    if (spec.key !== undefined) EventFields.name(spec.key, wire[spec.key])
    for (const field of spec.fields) {
      const value = wire[field.wire]
      if (value === undefined) continue
      event[field.ours] = value === null ? undefined : field.read(field.wire, value)
    }
  }
  // The table of fields says of each type what its event has.
  return event as unknown as Event.Event
}

const readCustom = (event: Record<string, unknown>, wire: Readonly<Record<string, unknown>>, type: string): void => {
  event.fields = EventFields.custom(wire)
  if (!type.startsWith("task-")) return
  event._tag = "TaskCustom"
  event.uuid = EventFields.name("uuid", wire.uuid)
}

const maybe = (
  event: Record<string, unknown>,
  wire: Readonly<Record<string, unknown>>,
  name: string,
  read: (name: string, value: unknown) => unknown
): void => {
  const value = wire[name]
  if (value === undefined) return
  event[name] = value === null ? undefined : read(name, value)
}

/** What an event of a type says, as JSON members; empty when it says nothing. Throws `MessagingError` for what has no form in JSON. */
export const members = (type: string, fields: object): string => {
  const spec = EventFields.specOf(type)
  if (spec === undefined) return open(EventFields.customOf({ ...fields }))
  const wire: Record<string, unknown> = {}
  const said: Readonly<Record<string, unknown>> = { ...fields }
  for (const field of spec.fields) {
    if (field.ours in said) wire[field.wire] = said[field.ours] ?? null
  }
  return open(wire)
}

/** As the serializer of messages writes it, without the braces. */
const open = (value: Readonly<Record<string, unknown>>): string =>
  Buffer.from(Json.json.encode(value)).toString().slice(1, -1)

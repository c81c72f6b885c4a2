/** `celeriac events -d`: prints what workers and clients tell, as it comes, as Celery's does. */
import type * as Event from "@celeriac/tasks/event/Event"
import * as EventReceiver from "@celeriac/tasks/event/EventReceiver"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { inOneLine } from "../../internal/Harmless.ts"
import * as Verb from "../app/Verb.ts"
import type { Globals } from "../flags/Globals.ts"
import * as Print from "../output/Print.ts"
import * as Reply from "../remote/Reply.ts"

export interface Flags {
  readonly routingKey: string
  readonly json: boolean
}

/** Until it is interrupted. */
export const dump = (globals: Globals, { json, routingKey }: Flags) =>
  Verb.run(globals, (verb) => {
    const names = new Names()
    return EventReceiver.stream({
      routingKey,
      onReady: json || globals.quiet ? Effect.void : Console.log("-> evdump: starting capture...")
    }).pipe(
      Stream.runForEach((event) => told(event, json, names)),
      Effect.provide(Verb.broker(verb, true))
    )
    // A broker that is away is told of, in logs too: it is waited for.
  }, "warning")

/** What tasks were said to be when they were sent or received: later events have the id alone. */
class Names {
  readonly #names = new Map<string, string>()

  keep(id: string, name: string): string {
    this.#names.set(id, name)
    // As many as Celery keeps.
    if (this.#names.size > 4095) this.#names.delete(this.#names.keys().next().value ?? "")
    return name
  }

  of(id: string): string {
    return this.#names.get(id) ?? ""
  }
}

/** One of them, as it is printed. */
export const told = (event: Event.Heard, json: boolean, names: Names = new Names()): Effect.Effect<void> =>
  json ? Console.log(JSON.stringify(fieldsOf(event))) : Print.line(inOneLine(line(event, names)))

/** By the names on the wire. */
const fieldsOf = ({ _tag, ...event }: Event.Heard): Readonly<Record<string, unknown>> => {
  const { fields, ...rest } = event as typeof event & { readonly fields?: object | undefined } // of those of one's own
  return Object.fromEntries(
    Object.entries({ ...rest, ...fields }).map(([name, value]) => [
      name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`),
      value ?? null
    ])
  )
}

const line = (event: Event.Heard, names: Names): string => {
  const { hostname, timestamp, type: _, uuid, ...fields } = fieldsOf(event)
  const time = DateTime.formatIso(DateTime.makeUnsafe(Number(timestamp) * 1000)).replace("T", " ").replace(
    "Z",
    "+00:00"
  )
  const what = words[event.type] ?? event.type.toLowerCase().replaceAll("-", " ")
  if (typeof uuid !== "string") return `${hostname} [${time}] ${what}${listed(fields)}`
  if (event.type !== "task-received" && event.type !== "task-sent") {
    return `${hostname} [${time}] ${what}${listed(fields, names.of(uuid))}`
  }
  const { args, kwargs, name, ...rest } = fields
  const task = names.keep(uuid, `${name ?? ""}(${uuid}) args=${args ?? ""} kwargs=${kwargs ?? ""}`)
  return `${hostname} [${time}] ${what}${listed(rest, task)}`
}

const words: Readonly<Record<string, string>> = {
  "worker-offline": "shutdown",
  "worker-online": "started",
  "worker-heartbeat": "heartbeat"
}

const listed = (fields: Readonly<Record<string, unknown>>, task = ""): string => {
  const all = Object.keys(fields).toSorted().map((name) => `${name}=${Reply.line(fields[name])}`).join(", ")
  return `${all === "" ? "" : ":"} ${task === "" ? "" : `${task} `}${all}`.trimEnd()
}

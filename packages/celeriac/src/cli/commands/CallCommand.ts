/** `celeriac call`: its flags. What it does is loaded when it is run. */
import * as IsoTime from "@celeriac/messaging/IsoTime"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as JsonText from "../flags/JsonText.ts"
import { json } from "./JsonFlag.ts"
import { globals } from "./Root.ts"

const parsed = (text: string): unknown => {
  try {
    return JsonText.parse(text)
  } catch {
    return undefined
  }
}

const time = (text: string): Option.Option<Date> => {
  const millis = IsoTime.parse(text)
  return millis === undefined ? Option.none() : Option.some(new Date(millis))
}

const text = (name: string, metavar: string, doc: string) =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(doc))

const flags = {
  name: Argument.String("name").pipe(Argument.withDescription("The name of the task, such as proj.add")),
  args: text("args", "JSON", "Its arguments by position: a JSON array. Default: []").pipe(
    Flag.withAlias("a"),
    Flag.filterMap((text) => {
      const value = parsed(text)
      return Array.isArray(value) ? Option.some(value as ReadonlyArray<unknown>) : Option.none()
    }, () => "a JSON array, such as [2, 3]"),
    Flag.withDefault([])
  ),
  kwargs: text("kwargs", "JSON", "Its arguments by name: a JSON object. Default: {}").pipe(
    Flag.withAlias("k"),
    Flag.filterMap((text) => {
      const value = parsed(text)
      return typeof value === "object" && value !== null && !Array.isArray(value)
        ? Option.some(value as Readonly<Record<string, unknown>>) // JSON has no others
        : Option.none()
    }, () => `a JSON object, such as {"x": 2}`),
    Flag.withDefault({})
  ),
  eta: text("eta", "TIME", "Run not before this time, as ISO 8601 has it. Default: at once").pipe(
    Flag.filterMap(time, () => "a time as ISO 8601 has it, such as 2030-01-31T12:00:00Z"),
    Flag.optional
  ),
  countdown: Flag.Finite("countdown").pipe(
    Flag.withMetavar("SECONDS"),
    Flag.withDescription("Run not before so many seconds from now. Default: at once"),
    Flag.optional
  ),
  expires: text(
    "expires",
    "SECONDS|TIME",
    "Do not run after so many seconds, or this time. Default: whenever its turn comes"
  ).pipe(
    Flag.filterMap(
      (text): Option.Option<number | Date> => {
        const seconds = Number(text)
        return text.trim() !== "" && Number.isFinite(seconds) ? Option.some(seconds) : time(text)
      },
      () => "seconds, or a time as ISO 8601 has it"
    ),
    Flag.optional
  ),
  serializer: text("serializer", "NAME", "How its arguments are written. Default: json").pipe(Flag.withDefault("json")),
  queue: text("queue", "NAME", "The queue to send it to. Default: as the routes say").pipe(Flag.optional),
  exchange: text("exchange", "NAME", "The exchange to send it to. Default: as the routes say").pipe(Flag.optional),
  routingKey: text("routing-key", "KEY", "The routing key. Default: as the routes say").pipe(Flag.optional),
  priority: Flag.Int("priority").pipe(
    Flag.withMetavar("N"),
    Flag.withDescription("0 to 255, for queues that have priorities. Default: CELERIAC_DEFAULT_PRIORITY, else 0"),
    Flag.optional
  ),
  taskId: text("task-id", "ID", "Its id. Default: a random one").pipe(Flag.optional),
  json
}

export const call = Command.make("call", flags, (flags) =>
  Effect.gen(function*() {
    const shared = yield* globals
    const { call } = yield* Effect.promise(() => import("../tasks/Call.ts"))
    yield* call(shared, flags)
  })).pipe(
    Command.withDescription(
      "Sends a task by its name, of whichever worker, and prints its id when the broker has it. Its result is not waited for."
    ),
    Command.withExamples([
      { command: "celeriac call proj.add -a '[2, 3]'", description: "By position" },
      {
        command: `celeriac call proj.report -k '{"month": 5}' --countdown 60 --queue reports`,
        description: "By name, in a minute"
      }
    ])
  )

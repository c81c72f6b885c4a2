/** `celeriac events`: its flags. What it does is loaded when it is run. */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { levels } from "../../LogFormat.ts"
import { mistaken } from "../output/CliFailure.ts"
import * as FlagOf from "./FlagOf.ts"
import { json } from "./JsonFlag.ts"
import { globals } from "./Root.ts"

const flags = {
  dump: Flag.Boolean("dump").pipe(
    Flag.withAlias("d"),
    Flag.withDescription("Print them, a line each"),
    Flag.withDefault(false),
    Flag.withoutNegation
  ),
  camera: Flag.String("camera").pipe(
    Flag.withAlias("c"),
    Flag.withMetavar("FILE[:EXPORT]"),
    Flag.withDescription(
      "Call a function of this module with the state of the cluster, again and again. Default: none, they are shown"
    ),
    Flag.optional
  ),
  frequency: Flag.Finite("frequency").pipe(
    Flag.withAlias("F"),
    Flag.withAlias("freq"),
    Flag.withMetavar("SECONDS"),
    Flag.withDescription("How often the camera is called. Default: 1"),
    Flag.filter((seconds) => seconds > 0, () => "a number of seconds above 0"),
    Flag.withDefault(1)
  ),
  maxrate: Flag.String("maxrate").pipe(
    Flag.withAlias("r"),
    Flag.withMetavar("RATE"),
    Flag.withDescription("How often the camera is called at most, such as 10/m. Default: no limit"),
    Flag.optional
  ),
  routingKey: Flag.String("routing-key").pipe(
    Flag.withMetavar("KEY"),
    Flag.withDescription("Which events, such as task.# or worker.heartbeat. Default: #, which is all"),
    Flag.withDefault("#")
  ),
  loglevel: Flag.Literals("loglevel", levels).pipe(
    Flag.withMetavar("LEVEL"),
    Flag.withAlias("l"),
    Flag.withDescription("The lowest level to log, of --camera. Default: warning"),
    Flag.withDefault("warning")
  ),
  ...FlagOf.daemon,
  json
}

export const events = Command.make("events", flags, ({ camera, dump, ...flags }) =>
  Effect.gen(function*() {
    const shared = yield* globals
    if (Option.isSome(camera)) {
      const { record } = yield* Effect.promise(() => import("../monitor/Camera.ts"))
      return yield* record(shared, { ...flags, camera: camera.value })
    }
    if (flags.detach) {
      return yield* Effect.fail(
        mistaken("--detach is for --camera: nobody sees anything else in the background", "events")
      )
    }
    if (!dump && !flags.json) {
      const { live } = yield* Effect.promise(() => import("../monitor/Live.ts"))
      return yield* live(shared, flags)
    }
    const events = yield* Effect.promise(() => import("../monitor/EventDump.ts"))
    yield* events.dump(shared, flags)
  })).pipe(
    Command.withDescription(
      "Watches workers and tasks, on the whole terminal, until q; ? shows the keys. Workers tell of tasks with -E, or after `celeriac control enable_events`."
    ),
    Command.withExamples([
      { command: "celeriac events", description: "Live" },
      { command: "celeriac events -d", description: "As it comes, a line each" },
      { command: "celeriac events --json --routing-key task.# | jq .type", description: "For a program" },
      { command: "celeriac events -c ./camera.ts -F 30", description: "Every half minute, for a program of yours" }
    ])
  )

/**
 * `celeriac events --camera`: calls a function of the user's with the state of
 * the cluster, again and again: to write it to a database, or to a file. Celery's
 * `evcam`. While it runs, the state stands still; events wait.
 */
import * as RemoteControl from "@celeriac/tasks/control/RemoteControl"
import * as ClusterState from "@celeriac/tasks/event/ClusterState"
import * as EventReceiver from "@celeriac/tasks/event/EventReceiver"
import * as Nodename from "@celeriac/tasks/Nodename"
import * as RateLimit from "@celeriac/tasks/RateLimit"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { existsSync } from "node:fs"
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import type * as LogFormat from "../../LogFormat.ts"
import * as App from "../app/App.ts"
import * as Verb from "../app/Verb.ts"
import * as Daemon from "../daemon/Daemon.ts"
import type { DaemonFlags } from "../daemon/DaemonFlags.ts"
import type { Globals } from "../flags/Globals.ts"
import { because, type CliFailure } from "../output/CliFailure.ts"
import * as Remote from "./Remote.ts"

export interface Flags extends DaemonFlags {
  readonly loglevel: LogFormat.Level
  readonly routingKey: string
  /** `./camera.ts`, `./camera.ts:save`. */
  readonly camera: string
  /** Seconds between two. */
  readonly frequency: number
  /** `10/m`: not more often, however often it is time. */
  readonly maxrate: Option.Option<string>
}

/** What may be exported: whatever it gives is waited for, a promise or an Effect. */
type Camera = (state: ClusterState.ClusterState) => unknown

/** Until it is interrupted. A camera that fails is told of, and called again. */
export const record = (globals: Globals, flags: Flags) =>
  Effect.andThen(
    Daemon.prepare(flags),
    Verb.run(globals, (verb) =>
      Effect.gen(function*() {
        const camera = yield* load(flags.camera)
        const perSecond = yield* rate(flags.maxrate)
        const nodename = Nodename.expand("celeryev@%h")
        const whole = recording(globals, flags, camera, perSecond).pipe(
          Effect.provide(Verb.broker(verb, true)),
          Effect.scoped
        )
        yield* Daemon.run(flags, nodename, whole, { program: "celeriac events" })
      }), flags.loglevel)
  )

const recording = (globals: Globals, flags: Flags, camera: Camera, perSecond: number | undefined) =>
  Effect.gen(function*() {
    const clock = yield* Clock.Clock
    const remote = yield* RemoteControl.make
    const cluster = ClusterState.make()
    if (!globals.quiet) {
      yield* Console.log(`-> evcam: Taking snapshots with ${flags.camera} (every ${flags.frequency} secs.)`)
    }
    let next = -Infinity
    const shoot = Effect.suspend(() => {
      const now = clock.currentTimeMillisUnsafe()
      if (now < next) return Effect.void
      if (perSecond !== undefined) next = now + 1000 / perSecond
      return snapshot(camera, cluster, flags.camera)
    })
    const events = EventReceiver.stream({ routingKey: flags.routingKey, onReady: Remote.greet(remote) })
    const times = Stream.fromSchedule(Schedule.spaced(`${flags.frequency} seconds`))
    // One after the other, so that nothing changes under the camera.
    yield* Stream.merge(
      Stream.map(events, (event) => Effect.sync(() => cluster.add(event))),
      Stream.map(times, () => shoot)
    ).pipe(Stream.runForEach((act) => act))
  })

const snapshot = (camera: Camera, cluster: ClusterState.ClusterState, name: string): Effect.Effect<void> =>
  Effect.suspend(() => {
    const given = camera(cluster)
    return Effect.isEffect(given)
      // What its services are only its author's type checker sees.
      ? given as Effect.Effect<unknown, unknown>
      : Effect.promise(() => Promise.resolve(given))
  }).pipe(Effect.catchCause((cause) => Effect.logError(`the camera ${name} failed`, cause)), Effect.asVoid)

const load = Effect.fnUntraced(function*(named: string): Effect.fn.Return<Camera, CliFailure> {
  const [, path = named, name] = existsSync(named) ? [] : /^(.+):([A-Za-z_$][\w$]*)$/.exec(named) ?? []
  const file = resolve(path)
  if (!existsSync(file)) {
    return yield* Effect.fail(
      Verb.misused("events", `there is no module '${path}' (looked for ${file}). --camera takes FILE or FILE:EXPORT`)
    )
  }
  const exports = yield* Effect.tryPromise({
    try: (): Promise<App.Exports> => import(pathToFileURL(file).href),
    catch: (error) => App.notLoaded(file, error)
  })
  const camera = name === undefined ? exports["default"] ?? exports["camera"] : exports[name]
  return typeof camera === "function"
    // It is called with the state, whatever it makes of it.
    ? camera as Camera
    : yield* Effect.fail(because(
      `${App.shown(file)} has no function ${name ?? "as its default export, nor one named camera"}. ` +
        `Write: export default (state) => { ... }`
    ))
})

const rate = (text: Option.Option<string>): Effect.Effect<number | undefined, CliFailure> =>
  Result.match(RateLimit.parse(Option.getOrUndefined(text)), {
    onSuccess: (perSecond) => Effect.succeed(perSecond),
    onFailure: ({ message }) => Effect.fail(Verb.misused("events", `--maxrate: ${message}`))
  })

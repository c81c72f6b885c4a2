/** A process as its daemon flags want it: what is done before the user's module is loaded, and around its program. */
import * as Nodename from "@celeriac/tasks/Nodename"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { CliFailure } from "../output/CliFailure.ts"
import type { DaemonFlags } from "./DaemonFlags.ts"
import type { Files } from "./Detach.ts"
import * as ProcessTitle from "./ProcessTitle.ts"

/** First of all. */
export const prepare = (flags: DaemonFlags): Effect.Effect<void, CliFailure> =>
  Option.isNone(flags.uid) && Option.isNone(flags.gid) && Option.isNone(flags.umask)
    ? Effect.void
    : Effect.flatMap(Effect.promise(() => import("./Privileges.ts")), ({ drop }) => drop(flags))

/** The files of a node, by their patterns. */
const filesOf = ({ logfile, pidfile }: DaemonFlags, nodename: string): Files => ({
  logfile: Option.getOrUndefined(Option.map(logfile, (pattern) => Nodename.format(pattern, nodename))),
  pidfile: Option.getOrUndefined(Option.map(pidfile, (pattern) => Nodename.format(pattern, nodename)))
})

/** Starts it in the background, if that was asked for, else runs it here: with its title, its log and its pidfile. */
export const run = <E, R>(
  flags: DaemonFlags,
  nodename: string,
  program: Effect.Effect<void, E, R>,
  title: ProcessTitle.Title = { program: "celeried", nodename }
): Effect.Effect<void, E | CliFailure, R> => {
  const files = filesOf(flags, nodename)
  return flags.detach
    ? Effect.flatMap(Effect.promise(() => import("./Detach.ts")), ({ detach }) => detach(flags, files))
    : Effect.sync(() => ProcessTitle.set(title)).pipe(
      Effect.andThen(holding(files.pidfile, program)),
      Effect.provide(logging(files.logfile))
    )
}

const holding = <E, R>(
  pidfile: string | undefined,
  program: Effect.Effect<void, E, R>
): Effect.Effect<void, E | CliFailure, R> =>
  pidfile === undefined ? program : Effect.scoped(
    Effect.flatMap(
      Effect.promise(() => import("./Pidfile.ts")),
      ({ hold }) => Effect.andThen(hold(pidfile), program)
    )
  )

const logging = (logfile: string | undefined): Layer.Layer<never, CliFailure> =>
  logfile === undefined
    ? Layer.empty
    : Layer.unwrap(Effect.map(Effect.promise(() => import("./LogFile.ts")), ({ layer }) => layer(logfile)))

/**
 * `celeriac multi`: its help. Its arguments are of its own kind (`-c:1 3`), and
 * never come here: see `CommandLine`.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"

export const multi = Command.make("multi", {
  verb: Argument.Literals("verb", [
    ...["start", "stop", "stopwait", "restart", "kill"] as const,
    ...["show", "get", "names", "expand", "help"] as const
  ]).pipe(Argument.withDescription("What to do with the nodes")),
  nodes: Argument.String("nodes").pipe(
    Argument.withDescription("Their names, or how many there are; and options of `celeriac worker`"),
    Argument.variadic()
  )
}, ({ nodes, verb }) =>
  Effect.gen(function*() {
    const { run } = yield* Effect.promise(() => import("../multi/Tool.ts"))
    yield* run([], [verb, ...nodes])
  })).pipe(
    Command.withDescription(
      "Starts, stops and shows several workers of this machine. An option counts for all of them, or behind a colon for some: the names of nodes, their places, ranges. Each has its pidfile (default /var/run/celery/%n.pid) and its log file (/var/log/celery/%n%I.log): whoever stops them names the same. %n is the name of the node, %d its host, %h both with an @ between them."
    ),
    Command.withShortDescription("Start and stop several workers"),
    Command.withExamples([
      {
        command: "celeriac multi start 3 -A ./worker.ts -c 4 -c:1 10 --pidfile=run/%n.pid --logfile=log/%n%I.log",
        description: "celery1, celery2 and celery3; the first has more slots"
      },
      {
        command: "celeriac multi start image video data -A ./worker.ts -Q:1,2 media -l:data debug",
        description: "By their names"
      },
      { command: "celeriac multi show 2 -A ./worker.ts", description: "What would be run" },
      { command: "celeriac multi restart 3 -A ./worker.ts --pidfile=run/%n.pid", description: "Each when it is down" },
      { command: "celeriac multi stopwait 3 -INT --pidfile=run/%n.pid", description: "Wait until all are down" }
    ])
  )

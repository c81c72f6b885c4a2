/**
 * What a worker does when tasks are revoked, and what it replies. The texts are
 * Celery's, sets of Python included. Source: control sections 2 and 5.
 *
 * @since 0.1.0
 */
import { Refused } from "@celeriac/tasks/control/Command"
import * as Commands from "@celeriac/tasks/control/Commands"
import * as PythonRepr from "@celeriac/tasks/protocol/PythonRepr"
import * as Effect from "effect/Effect"
import { Execution } from "../../boot/Execution.ts"
import { WorkerState } from "../../state/WorkerState.ts"
import * as ControlHandler from "../ControlHandler.ts"

type Headers = Readonly<Record<string, unknown>>

export const make = Effect.gen(function*() {
  const execution = yield* Execution
  const { revoked } = yield* WorkerState

  const revoke = Effect.fnUntraced(function*(
    ids: string | ReadonlyArray<string>,
    terminate: boolean,
    signal: string | number | undefined
  ) {
    const done = yield* execution.revoke(ids, { terminate, signal })
    if (!terminate) return `tasks ${setText(done.ids)} flagged as revoked`
    return done.terminated.length === 0
      ? "terminate: tasks unknown"
      : `terminate: ${done.terminated.join(", ")}`
  })

  const revokeByStampedHeaders = Effect.fnUntraced(function*(
    headers: Headers,
    terminate: boolean,
    signal: string | number | undefined
  ) {
    const { terminated } = yield* execution.revokeByStampedHeaders(headers, { terminate, signal })
    const text = PythonRepr.repr(headers)
    if (!terminate) return `headers ${text} flagged as revoked, but not terminated`
    return terminated.size === 0 ? `headers ${text} were not terminated` : `headers ${stampsText(terminated)} revoked`
  })

  return yield* Effect.all([
    ControlHandler.make(Commands.inspect.revoked, () => Effect.sync(() => revoked.ids())),
    ControlHandler.make(
      Commands.control.revoke,
      ({ signal, taskId, terminate }) => revoke(taskId, terminate ?? false, signal ?? undefined)
    ),
    ControlHandler.make(Commands.control.terminate, ({ signal, taskId }) => revoke(taskId, true, signal ?? undefined)),
    ControlHandler.make(
      Commands.control.revokeByStampedHeaders,
      ({ headers, signal, terminate }) =>
        Effect.flatMap(
          tableOf(headers),
          (table) => revokeByStampedHeaders(table, terminate ?? false, signal ?? undefined)
        )
    )
  ])
})

/** The command line writes `key=value`. */
const tableOf = (headers: Headers | ReadonlyArray<string>): Effect.Effect<Headers, Refused> =>
  Effect.suspend(() => {
    if (!isList(headers)) return Effect.succeed(headers)
    const pairs = headers.map((pair) => pair.split("="))
    const odd = pairs.findIndex(({ length }) => length < 2)
    return odd === -1
      ? Effect.succeed(Object.fromEntries(pairs.map(([key, value]) => [key, value])))
      : Effect.fail(new Refused(`headers: '${headers[odd]}' is not written as key=value`))
  })

const isList = (headers: Headers | ReadonlyArray<string>): headers is ReadonlyArray<string> => Array.isArray(headers)

/** A set, as Python prints it. */
const setText = (values: ReadonlyArray<unknown>): string =>
  values.length === 0 ? "set()" : `{${values.map((value) => PythonRepr.repr(value)).join(", ")}}`

/** As Python prints the table that Celery keeps. */
const stampsText = (stamps: ReadonlyMap<string, ReadonlyArray<unknown>>): string =>
  `defaultdict(<class 'set'>, {${
    Array.from(stamps, ([header, values]) => `${PythonRepr.repr(header)}: ${setText(values)}`).join(", ")
  }})`

/**
 * Keeps what must outlive the process: which tasks are revoked, and the logical
 * clock. Celery's `--statedb`.
 *
 * A revoke is written when it is made, and is there after a `kill -9`. The clock
 * is written every few seconds: a worker that was killed may be that far behind,
 * until it hears another one. A file that is damaged is told of, set aside, and
 * keeps nobody from starting. Stamps that are revoked are not kept, as in Celery.
 *
 * A step of yours may keep facts of its own here. Without a file, they last as
 * long as the worker.
 *
 * @since 0.1.0
 */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { LogicalClock } from "@celeriac/messaging/LogicalClock"
import * as Nodename from "@celeriac/tasks/Nodename"
import * as Effect from "effect/Effect"
import type { StateStore, Value } from "../state/StateStore.ts"
import { StateStoreError } from "../state/StateStore.ts"
import * as WorkerLog from "../state/WorkerLog.ts"
import { has, WorkerSettings } from "../state/WorkerSettings.ts"
import { WorkerState } from "../state/WorkerState.ts"
import { Timer } from "./Timer.ts"

/** What one step keeps. */
export interface Kept {
  /** The oldest first. */
  readonly entries: Effect.Effect<ReadonlyArray<readonly [key: string, value: Value]>, StateStoreError>
  /** Survives the process when it is done. */
  readonly put: (key: string, value: Value) => Effect.Effect<void, StateStoreError>
  readonly delete: (key: string) => Effect.Effect<void, StateStoreError>
}

/** Rooms of this step itself: others get a prefix. */
const revokedRoom = "revoked"
const clockRoom = "clock"

/** How often the clock is written, if it has moved, and all else is brought onto the disk. */
const every = "5 seconds"

export interface Keeper {
  /** Undefined when there is none. */
  readonly file: string | undefined
  /** What a step keeps, under a name that is its own. */
  readonly keep: (name: string) => Kept
  /** Writes the clock. What was kept until now survives the machine when it is done. */
  readonly sync: Effect.Effect<void, StateStoreError>
}

export class StateDB extends Bootstep.Service<StateDB, Keeper>()("StateDB", {
  requires: [Timer, WorkerState, LogicalClock],
  conditional: true,
  enabled: has("stateDb"),
  disabled: Effect.sync(forgetful),
  start: Effect.gen(function*() {
    const { nodename, stateDb = "" } = yield* WorkerSettings
    const { revoked } = yield* WorkerState
    const clock = yield* LogicalClock
    const log = yield* WorkerLog.make
    const file = Nodename.format(stateDb, nodename)
    const StateFile = yield* Effect.promise(() => import("../state/stores/StateFile.ts"))
    const { setAside, store } = yield* attempt(() => StateFile.open(file))
    yield* Effect.addFinalizer(() => told("close", attempt(() => store.close())))
    if (setAside !== undefined) {
      const { error, to } = setAside
      yield* Effect.logWarning(`statedb: ${WorkerLog.sentence(error.message)} It was set aside as ${to}.`)
    }

    const [saved] = yield* attempt(() => store.entries(clockRoom))
    let written = saved === undefined ? 0 : Number(saved[1])
    clock.adjust(written)
    revoked.merge(yield* attempt(() => revokesIn(store)))
    yield* attempt(() => store.replace(revokedRoom, revoked.entries()))

    let changed = false
    let failing = false
    let puts = 0
    const write: Turn["write"] = (facts) => {
      try {
        const [[id, at], ...others] = facts
        if (others.length === 0) store.put(revokedRoom, id, at)
        else store.putAll(revokedRoom, facts)
        puts += facts.length
        changed = true
        failing = false
      } catch (error) {
        if (!failing) log.log("Error", `statedb: ${String(error)}. What is revoked now is forgotten with this process`)
        failing = true
      }
    }
    const turn = new Turn(write)
    revoked.onRevoked = turn.add

    const sync = attempt(() => {
      // What has expired is forgotten here too, from time to time.
      if (puts >= revoked.most) {
        store.replace(revokedRoom, revoked.entries())
        puts = 0
      }
      const now = clock.value()
      if (now !== written) store.put(clockRoom, "value", now)
      if (changed || now !== written) store.sync()
      written = now
      changed = false
    })
    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        revoked.onRevoked = () => {}
        turn.end()
        return told("sync", Effect.andThen(attempt(() => store.replace(revokedRoom, revoked.entries())), sync))
      })
    )
    yield* (yield* Timer).callRepeatedly(every, told("sync", sync))

    return {
      file,
      keep: (name) => {
        const room = `step ${name}`
        return {
          entries: attempt(() => store.entries(room)),
          put: (key, value) =>
            attempt(() => {
              store.put(room, key, value)
              changed = true
            }),
          delete: (key) =>
            attempt(() => {
              store.delete(room, key)
              changed = true
            })
        }
      },
      sync
    }
  }),
  info: ({ file }) => Effect.succeed(file === undefined ? {} : { statedb: { file } })
}) {}

/** Without a file. */
function forgetful(): Keeper {
  const rooms = new Map<string, Map<string, Value>>()
  return {
    file: undefined,
    keep: (name) => {
      const room = rooms.get(name) ?? new Map<string, Value>()
      rooms.set(name, room)
      return {
        entries: Effect.sync(() => Array.from(room)),
        put: (key, value) =>
          Effect.sync(() => {
            room.delete(key)
            room.set(key, value)
          }),
        delete: (key) => Effect.sync(() => void room.delete(key))
      }
    },
    sync: Effect.void
  }
}

type Fact = readonly [id: string, at: number]
type Facts = readonly [Fact, ...ReadonlyArray<Fact>]

/** How many in a turn are written one by one, before whoever revokes them goes on. */
const oneByOne = 100

/** What is revoked by the thousand, as when other workers tell what they know, is written at the end of the turn. */
class Turn {
  readonly write: (facts: Facts) => void
  private count = 0
  private readonly late: Array<Fact> = []

  constructor(write: Turn["write"]) {
    this.write = write
  }

  readonly add = (id: string, at: number): void => {
    if (this.count++ === 0) queueMicrotask(this.end)
    if (this.count <= oneByOne) this.write([[id, at]])
    else this.late.push([id, at])
  }

  readonly end = (): void => {
    this.count = 0
    const [first, ...others] = this.late.splice(0)
    if (first !== undefined) this.write([first, ...others])
  }
}

/** What was written by hand, or by a later version, is no time. */
const revokesIn = (store: StateStore): ReadonlyArray<readonly [id: string, at: number]> =>
  store.entries(revokedRoom).flatMap(([id, at]) => typeof at === "number" ? [[id, at]] : [])

const attempt = <A>(run: () => A): Effect.Effect<A, StateStoreError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(run())
    } catch (error) {
      return error instanceof StateStoreError ? Effect.fail(error) : Effect.die(error)
    }
  })

const told = (what: string, effect: Effect.Effect<void, StateStoreError>): Effect.Effect<void> =>
  Effect.catch(effect, (error) => Effect.logError(`statedb: Cannot ${what}: ${error.message}`))

/**
 * Reads records, and waits for them.
 *
 * All who wait share one subscription, on a connection of its own: the channel
 * of a task is subscribed to while somebody waits for it, and then its key is
 * looked at, because it may have come before. When the connection was lost,
 * the same is done again for everybody. Not more of a key is read than the
 * bound allows. Source: protocol §7.3; tasks §19.
 *
 * @since 0.1.0
 */
import { BoundedMap } from "@celeriac/messaging/BoundedMap"
import type { Event } from "@celeriac/messaging/Session"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import type { ResultRecord } from "@celeriac/tasks/result/ResultRecord"
import * as ResultUpdates from "@celeriac/tasks/result/ResultUpdates"
import * as TaskState from "@celeriac/tasks/TaskState"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { RedisConfig } from "../RedisConfig.ts"
import type { Connection } from "./Driver.ts"
import type { Keys } from "./Keys.ts"
import * as Link from "./Link.ts"
import * as Payload from "./Payload.ts"
import * as RedisFailure from "./RedisFailure.ts"

type Answer = ResultUpdates.Answer

/** Hears of every record; `isPatient` of the final one alone. */
interface Waiter {
  readonly isPatient: boolean
  readonly wake: (answer: Answer) => void
}

/** What is waited for. */
interface Awaited {
  readonly waiters: Set<Waiter>
  /** What came last, and as which bytes. */
  last: Answer | undefined
  bytes: Buffer | undefined
  /** Whether they were found at the key: then they may come over the channel, too. */
  isFound: boolean
  /** Whether something came over the channel since it was subscribed to: it is newer than what stood at the key. */
  isHeard: boolean
}

interface Options {
  readonly config: RedisConfig
  readonly keys: Keys
  /** For commands. */
  readonly link: Link.Link
  readonly decoding: Payload.Decoding
  readonly mostBytes: number
}

export const make = Effect.fnUntraced(function*({ config, decoding, keys, link, mostBytes }: Options) {
  const scope = yield* Effect.scope
  const run = Effect.runForkWith(yield* Effect.context<never>())
  // Without a bound: those who wait hold more than this does.
  const waiters = new BoundedMap<string, Awaited>(Infinity)
  /** Open, and the connection on which `waiters` are subscribed to. */
  let hearing: Connection | undefined
  /** Those who begin to wait in one turn are subscribed to together. */
  let beginning: Array<string> = []
  /** Those that nobody waits for any more, since this turn: the same. */
  let leaving: Array<string> = []

  const awaited = (): ReadonlyArray<string> => Array.from(waiters.entries(), ([id]) => id)

  const answer = (id: string, came: Answer): void => {
    const awaited = waiters.get(id)
    if (awaited === undefined) return
    awaited.last = came
    const isEnd = ResultUpdates.isFinal(came)
    if (isEnd) {
      waiters.delete(id)
      leave(id)
    }
    for (const waiter of awaited.waiters) if (isEnd || !waiter.isPatient) waiter.wake(came)
  }

  const onMessage = (channel: string, message: Buffer): void => {
    const id = keys.idOf(channel)
    const awaited = id === undefined ? undefined : waiters.get(id)
    if (id === undefined || awaited === undefined) return
    const isKnown = awaited.isFound && awaited.bytes?.equals(message) === true
    awaited.isFound = false
    awaited.isHeard = true
    awaited.bytes = message
    if (!isKnown) answer(id, Payload.decode(message, id, decoding))
  }

  const onLooked = (id: string, reply: unknown): void => {
    const awaited = waiters.get(id)
    const came = awaited === undefined ? undefined : read(id, reply)
    if (awaited === undefined || came === undefined) return
    const bytes = reply as Buffer // or nothing was read
    if (!ResultUpdates.isFinal(came) && (awaited.isHeard || awaited.bytes?.equals(bytes) === true)) return
    awaited.isFound = true
    awaited.bytes = bytes
    answer(id, came)
  }

  const onEvent = (event: Event<Connection>): void => {
    switch (event._tag) {
      case "Opened":
        hearing = event.value
        beginning = []
        return subscribe(event.value, awaited())
      case "Lost":
        hearing = undefined
        return
      case "GivenUp": {
        hearing = undefined
        const error = RedisFailure.ofSession("get", config.uri, event.error)
        for (const id of awaited()) answer(id, Result.fail(error))
      }
    }
  }

  const subscription = yield* Link.make({ name: "celeriac results", config, onMessage, onEvent })

  /** Listens, and then looks whether it came before. Fails only with the connection, or when it may not: then that ends it. */
  const subscribe = (connection: Connection, ids: ReadonlyArray<string>): void => {
    if (ids.length === 0) return
    for (const id of ids) {
      const awaited = waiters.get(id)
      if (awaited !== undefined) awaited.isHeard = false
    }
    connection.subscribe(ids.map(keys.task)).then(
      () => {
        for (const id of ids) if (waiters.has(id)) look(id)
      },
      (error: unknown) => connection.drop(error)
    )
  }

  const leave = (id: string): void => {
    if (hearing === undefined || leaving.push(id) > 1) return
    const from = hearing
    setImmediate(() => {
      // Somebody may wait for it again.
      const ids = leaving.filter((id) => !waiters.has(id))
      leaving = []
      // Fails with the connection alone, and with it the subscription.
      if (ids.length > 0) from.unsubscribe(ids.map(keys.task)).catch(() => {})
    })
  }

  const begin = (id: string): void => {
    if (beginning.push(id) > 1) return
    queueMicrotask(() => {
      const ids = beginning
      beginning = []
      if (hearing !== undefined) return subscribe(hearing, ids)
      // Told by `onEvent`.
      run(Effect.forkIn(Effect.ignore(subscription.opened("get", "Infinity")), scope))
    })
  }

  const look = (id: string): void =>
    link.send("get", ["GETRANGE", keys.task(id), "0", String(mostBytes)], (error, reply) => {
      if (error === undefined) return onLooked(id, reply)
      if (!error.isRecoverable) return answer(id, Result.fail(error))
      // Once there is a connection again.
      run(Effect.forkIn(
        Effect.match(link.opened("get", "Infinity"), {
          onSuccess: () => waiters.has(id) ? look(id) : undefined,
          onFailure: (error) => answer(id, Result.fail(error))
        }),
        scope
      ))
    })

  /** Nothing is stored as nothing: an empty value is none. */
  const read = (id: string, reply: unknown): Answer | undefined =>
    Buffer.isBuffer(reply) && reply.length > 0 ? Payload.decode(reply, id, decoding) : undefined

  const lookup = (id: string): Effect.Effect<ResultRecord | undefined, ResultError> =>
    Effect.flatMap(
      link.ask("get", ["GETRANGE", keys.task(id), "0", String(mostBytes)]),
      (reply): Effect.Effect<ResultRecord | undefined, ResultError> => {
        const came = read(id, reply)
        return came === undefined ? Effect.undefined : Effect.fromResult(came)
      }
    )

  /** Gives what ends the wait. */
  const join = (id: string, waiter: Waiter): () => void => {
    const there = waiters.get(id)
    if (there === undefined) {
      waiters.set(id, {
        waiters: new Set([waiter]),
        last: undefined,
        bytes: undefined,
        isFound: false,
        isHeard: false
      })
      begin(id)
    } else {
      there.waiters.add(waiter)
      if (!waiter.isPatient && there.last !== undefined) waiter.wake(there.last)
    }
    return () => {
      const there = waiters.get(id)
      if (there?.waiters.delete(waiter) !== true || there.waiters.size > 0) return
      waiters.delete(id)
      leave(id)
    }
  }

  return {
    lookup,
    state: (id: string): Effect.Effect<TaskState.TaskState, ResultError> =>
      Effect.map(lookup(id), (record) => record?.status ?? TaskState.PENDING),
    wait: (id: string): Effect.Effect<ResultRecord, ResultError> =>
      Effect.callback((resume) => {
        const leave = join(id, { isPatient: true, wake: (came) => resume(Effect.fromResult(came)) })
        return Effect.sync(leave)
      }),
    updates: (id: string) => ResultUpdates.make((tell) => join(id, { isPatient: false, wake: tell })),
    forget: (id: string): Effect.Effect<void, ResultError> => Effect.asVoid(link.ask("forget", ["DEL", keys.task(id)]))
  }
})

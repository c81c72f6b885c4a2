/**
 * Records kept in this process for a while, and those who wait for them. That
 * an answer came which cannot be read is kept likewise: it is an answer.
 *
 * What `MemoryBackend` and `RpcBackend` have in common. Bounded in time, and in
 * number where that is asked for: the oldest goes first.
 *
 * @since 0.1.0
 */
import { BoundedMap } from "@celeriac/messaging/BoundedMap"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Stream from "effect/Stream"
import type { ResultError } from "../result/ResultError.ts"
import type { ResultRecord } from "../result/ResultRecord.ts"
import * as ResultUpdates from "../result/ResultUpdates.ts"
import * as TaskState from "../TaskState.ts"

export interface ResultShelf {
  /** Keeps a record, and wakes those who wait for it when it is final. A SUCCESS that is kept stays. */
  readonly keep: (record: ResultRecord) => void
  /** Keeps that an answer came and why it cannot be read, which whoever asks is told. What is final stays. */
  readonly keepUnreadable: (taskId: string, error: ResultError) => void
  readonly lookup: (taskId: string) => Effect.Effect<ResultRecord | undefined, ResultError>
  /** PENDING when nothing is known. */
  readonly state: (taskId: string) => Effect.Effect<TaskState.TaskState, ResultError>
  /** Waits until the record is final. */
  readonly wait: (taskId: string) => Effect.Effect<ResultRecord, ResultError>
  /** The record that is kept, and each that comes from then on, to the final one. */
  readonly updates: (taskId: string) => Stream.Stream<ResultRecord, ResultError>
  /** Whether an answer is here, so that nobody need wait. */
  readonly isAnswered: (taskId: string) => boolean
  /** Whether somebody waits for it. */
  readonly isAwaited: (taskId: string) => boolean
  readonly forget: (taskId: string) => void
}

export interface Options {
  readonly clock: Clock.Clock
  /** How long a record is kept, in milliseconds. */
  readonly lifetime: number
  /** How many records are kept. Default: any number. */
  readonly capacity?: number
}

type Answer = ResultUpdates.Answer

interface Kept {
  readonly answer: Answer
  readonly until: number
}

/** Hears of every answer; `isPatient` of the final one alone. */
interface Waiter {
  readonly isPatient: boolean
  readonly wake: (answer: Answer) => void
}

export const make = (options: Options): ResultShelf => {
  const { clock, lifetime } = options
  /** The oldest expires first: all live equally long. */
  const answers = new BoundedMap<string, Kept>(options.capacity ?? Infinity)
  // Without a bound: those who wait hold more than this does.
  const waiters = new BoundedMap<string, Set<Waiter>>(Infinity)

  const find = (id: string): Answer | undefined => {
    const kept = answers.get(id)
    return kept === undefined || kept.until <= clock.currentTimeMillisUnsafe() ? undefined : kept.answer
  }
  const dropExpired = (now: number): void => {
    for (let oldest = answers.oldest(); oldest !== undefined && oldest[1].until <= now; oldest = answers.oldest()) {
      answers.deleteOldest()
    }
  }
  const keep = (id: string, answer: Answer): void => {
    const now = clock.currentTimeMillisUnsafe()
    dropExpired(now)
    answers.set(id, { answer, until: now + lifetime })
    const waiting = waiters.get(id)
    if (waiting === undefined) return
    const isEnd = ResultUpdates.isFinal(answer)
    if (isEnd) waiters.delete(id)
    for (const waiter of waiting) if (isEnd || !waiter.isPatient) waiter.wake(answer)
  }
  /** Gives what ends the wait. */
  const join = (id: string, waiter: Waiter): () => void => {
    const waiting = waiters.get(id) ?? new Set()
    waiters.set(id, waiting.add(waiter))
    return () => {
      if (waiting.delete(waiter) && waiting.size === 0 && waiters.get(id) === waiting) waiters.delete(id)
    }
  }
  const lookup = (id: string): Effect.Effect<ResultRecord | undefined, ResultError> =>
    Effect.suspend((): Effect.Effect<ResultRecord | undefined, ResultError> => {
      const answer = find(id)
      return answer === undefined ? Effect.undefined : Effect.fromResult(answer)
    })

  return {
    keep: (record) => {
      if (statusOf(find(record.taskId)) !== TaskState.SUCCESS) keep(record.taskId, Result.succeed(record))
    },
    keepUnreadable: (id, error) => {
      if (!TaskState.isReady(statusOf(find(id)) ?? TaskState.PENDING)) keep(id, Result.fail(error))
    },
    lookup,
    state: (id) => Effect.map(lookup(id), (record) => record?.status ?? TaskState.PENDING),
    wait: (id) =>
      Effect.callback((resume) => {
        const answer = find(id)
        if (answer !== undefined && ResultUpdates.isFinal(answer)) return resume(Effect.fromResult(answer))
        const leave = join(id, { isPatient: true, wake: (answer) => resume(Effect.fromResult(answer)) })
        return Effect.sync(leave)
      }),
    updates: (id) =>
      ResultUpdates.make((tell) => {
        const answer = find(id)
        if (answer !== undefined) tell(answer)
        return answer !== undefined && ResultUpdates.isFinal(answer)
          ? () => {}
          : join(id, { isPatient: false, wake: tell })
      }),
    isAnswered: (id) => {
      const answer = find(id)
      return answer !== undefined && ResultUpdates.isFinal(answer)
    },
    isAwaited: (id) => waiters.has(id),
    forget: (id) => {
      answers.delete(id)
    }
  }
}

const statusOf = (answer: Answer | undefined): TaskState.TaskState | undefined =>
  answer !== undefined && Result.isSuccess(answer) ? answer.success.status : undefined

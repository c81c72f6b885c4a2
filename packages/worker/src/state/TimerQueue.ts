/**
 * What is due when in a worker: a heap of effects.
 *
 * The `Timer` bootstep sleeps until the head of this queue is due and runs it;
 * the ETA of a task, a rate limit's wake-up and a user's `callRepeatedly` are
 * entries here.
 *
 * @since 0.1.0
 */
import { type Entry, TimerHeap } from "@celeriac/messaging/TimerHeap"
import type * as Effect from "effect/Effect"

type Call = Effect.Effect<unknown, unknown>

/** A call that is due at a time. */
export type TimerEntry = Entry<Call>

export class TimerQueue extends TimerHeap<Call> {}

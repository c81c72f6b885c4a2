/**
 * What to do with a request that has come in: a pure rule, for each task.
 *
 * The caller acts on the decision. Celery's strategies are closures over the
 * whole consumer; here a strategy only decides.
 *
 * @since 0.1.0
 */
import type { Revoked as Revocations } from "../state/Revoked.ts"
import type { Settled, State } from "../state/WorkerState.ts"
import * as Outcome from "../trace/Outcome.ts"
import type { Revoked } from "../trace/Outcome.ts"
import { isAgain } from "./internal/Duplicates.ts"
import type { Request } from "./Request.ts"

export type Decision =
  /** Give it to the pool. */
  | { readonly _tag: "Run" }
  /** Hold it until its time, in milliseconds since the epoch. */
  | { readonly _tag: "Hold"; readonly until: number }
  /** Its time is over, or it was revoked: REVOKED, and acknowledged. */
  | { readonly _tag: "Discard"; readonly outcome: Revoked | Outcome.Ignored }
  /** It is running here or has run, under a delivery that was lost: that run settles this one. */
  | { readonly _tag: "Adopt"; readonly running: Request }
  /** It was run here, and its settlement was lost: settled the same way again. */
  | { readonly _tag: "Done"; readonly settlement: Settled }

const run: Decision = { _tag: "Run" }

/** A rule. `now` is milliseconds since the epoch. */
export type Strategy = (request: Request, state: State<Request>, now: number) => Decision

/** The rule of every task that has none of its own. */
export const decide: Strategy = (request, state, now) => {
  if (request.delivery.redelivered) {
    const seen = seenBefore(request, state)
    if (seen !== undefined) return seen
  }
  if (isAgain(request) && isKnown(request, state)) return { _tag: "Discard", outcome: Outcome.duplicate }
  const outcome = discarded(request, state.revoked, now)
  if (outcome !== undefined) return { _tag: "Discard", outcome }
  return request.eta !== undefined && request.eta > now ? { _tag: "Hold", until: request.eta } : run
}

/** What it comes to without running, if it is not to run. Asked again when its time or its slot has come: it may have waited long. */
export const discarded = (request: Request, revoked: Revocations, now: number): Revoked | undefined => {
  if (request.expires !== undefined && now > request.expires) return Outcome.expired
  if (request.revocation !== undefined) return request.revocation
  if (revoked.isEmpty) return undefined
  if (revoked.has(request.id)) return Outcome.revoked
  const by = revoked.stampOf(request.stampedHeaders, request.stamps)
  return by === undefined ? undefined : { ...Outcome.revoked, by }
}

/** The rule of each task, by its name: Celery's `strategies`. */
export class Strategies {
  private readonly own = new Map<string, Strategy>()

  /** `decide`, unless the task has one of its own. */
  get(task: string): Strategy {
    return this.own.size === 0 ? decide : this.own.get(task) ?? decide
  }

  /**
   * From now on. One that only wants to say something about some messages asks
   * `decide` about the others. A message is rejected whose rule throws, or decides
   * nothing. Undefined: `decide` again.
   */
  set(task: string, strategy: Strategy | undefined): void {
    if (strategy === undefined) this.own.delete(task)
    else this.own.set(task, (request, state, now) => checked(task, strategy(request, state, now)))
  }
}

/** Types forbid it, where there are types. A message that nothing becomes of would be lost to everybody. */
const checked = (task: string, decision: Decision | undefined): Decision => {
  const isDecision = decision !== undefined && tags.has(decision._tag) &&
    (decision._tag !== "Hold" || Number.isFinite(decision.until))
  if (!isDecision) throw new TypeError(`the strategy of task '${task}' decided nothing about a request`)
  return decision
}

const tags: ReadonlySet<unknown> = new Set<Decision["_tag"]>(["Run", "Hold", "Discard", "Adopt", "Done"])

/** One whose delivery is not lost is of another message of its id. */
const isLost = ({ delivery }: Request): boolean => delivery.isLost

/** The same was sent before, and is here, or was. Few messages are asked about. */
const isKnown = (request: Request, state: State<Request>): boolean => {
  if (state.recall(request.id, request.attempt) !== undefined) return true
  for (const one of state.requests) {
    if (one.id === request.id && one.attempt === request.attempt) return true
  }
  return false
}

/** A message that this process knows from before its connection was lost must not run twice. */
const seenBefore = (request: Request, state: State<Request>): Decision | undefined => {
  const running = state.find(request.id, request.attempt, isLost)
  if (running !== undefined) return { _tag: "Adopt", running }
  const settlement = state.recall(request.id, request.attempt)
  return settlement === undefined ? undefined : { _tag: "Done", settlement }
}

/**
 * What to do with a request that has come in: a pure rule.
 *
 * The caller acts on the decision. Celery's strategies are closures over the
 * whole consumer; here a strategy only decides.
 *
 * @since 0.1.0
 */
import type { Delivery } from "@celeriac/messaging/Message"
import type { Revoked as Revocations } from "../state/Revoked.ts"
import type { Settled, State } from "../state/WorkerState.ts"
import * as Outcome from "../trace/Outcome.ts"
import type { Revoked } from "../trace/Outcome.ts"
import type { Request } from "./Request.ts"

export type Decision =
  /** Give it to the pool. */
  | { readonly _tag: "Run" }
  /** Hold it until its time, in milliseconds since the epoch. */
  | { readonly _tag: "Hold"; readonly until: number }
  /** Its time is over, or it was revoked: REVOKED, and acknowledged. */
  | { readonly _tag: "Discard"; readonly outcome: Revoked }
  /** It is running here or has run, under a delivery that was lost: that run settles this one. */
  | { readonly _tag: "Adopt"; readonly running: Request }
  /** It was run here, and its settlement was lost: settled the same way again. */
  | { readonly _tag: "Done"; readonly settlement: Settled }

const run: Decision = { _tag: "Run" }

/** `now` is milliseconds since the epoch. */
export const decide = (request: Request, state: State<Request>, now: number): Decision => {
  if (request.delivery.redelivered) {
    const seen = seenBefore(request, state)
    if (seen !== undefined) return seen
  }
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

/** A message that this process knows from before its connection was lost must not run twice. */
const seenBefore = (request: Request, state: State<Request>): Decision | undefined => {
  const running = state.find(request.id, request.retries)
  if (running !== undefined && isOtherDelivery(running.delivery, request.delivery)) return { _tag: "Adopt", running }
  const settlement = state.recall(request.id, request.retries)
  return settlement === undefined ? undefined : { _tag: "Done", settlement }
}

const isOtherDelivery = (a: Delivery, b: Delivery): boolean => a !== b

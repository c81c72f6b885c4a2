/**
 * What to do with a request that has come in: a pure rule.
 *
 * The caller acts on the decision. Celery's strategies are closures over the
 * whole consumer; here a strategy only decides.
 *
 * @since 0.1.0
 */
import type { Delivery } from "@celeriac/messaging/Message"
import type { Settled, State } from "../state/WorkerState.ts"
import type { Request } from "./Request.ts"

export type Decision =
  /** Give it to the pool. */
  | { readonly _tag: "Run" }
  /** Hold it until its time, in milliseconds since the epoch. */
  | { readonly _tag: "Hold"; readonly until: number }
  /** Its time is over: REVOKED, and acknowledged. */
  | { readonly _tag: "Discard"; readonly why: "expired" }
  /** It is running here or has run, under a delivery that was lost: that run settles this one. */
  | { readonly _tag: "Adopt"; readonly running: Request }
  /** It was run here, and its settlement was lost: settled the same way again. */
  | { readonly _tag: "Done"; readonly settlement: Settled }

const run: Decision = { _tag: "Run" }
const expired: Decision = { _tag: "Discard", why: "expired" }

/** `now` is milliseconds since the epoch. */
export const decide = (request: Request, state: State<Request>, now: number): Decision => {
  if (request.delivery.redelivered) {
    const seen = seenBefore(request, state)
    if (seen !== undefined) return seen
  }
  if (isExpired(request, now)) return expired
  return request.eta !== undefined && request.eta > now ? { _tag: "Hold", until: request.eta } : run
}

/** Asked again when its slot is free: it may have waited long. */
export const isExpired = (request: Request, now: number): boolean =>
  request.expires !== undefined && now > request.expires

/** A message that this process knows from before its connection was lost must not run twice. */
const seenBefore = (request: Request, state: State<Request>): Decision | undefined => {
  const running = state.find(request.id, request.retries)
  if (running !== undefined && isOtherDelivery(running.delivery, request.delivery)) return { _tag: "Adopt", running }
  const settlement = state.recall(request.id, request.retries)
  return settlement === undefined ? undefined : { _tag: "Done", settlement }
}

const isOtherDelivery = (a: Delivery, b: Delivery): boolean => a !== b

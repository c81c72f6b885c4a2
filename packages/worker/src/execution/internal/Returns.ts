/**
 * How often messages are put back into their queues whose run would come to the
 * same each time: it ran out of time, or took down what it ran in.
 *
 * The broker says that a message came again, and a quorum queue how often; what
 * this worker has put back it counts itself, by id and number of retries. How
 * often is enough, the task says: `redeliveryLimit`.
 *
 * @since 0.1.0
 */
import { Recent } from "../../state/internal/Recent.ts"
import type { Outcome } from "../../trace/Outcome.ts"
import type { Request } from "../Request.ts"

/** How many messages are counted at most: half of them at least. */
const counted = 10_000

export class Returns {
  private readonly counts = new Recent<string, number>(counted)

  /** Says of a request that comes to this whether it may be put back once more, and counts that it is. */
  note(request: Request, outcome: Outcome): void {
    if (!isFatal(outcome)) return
    const key = `${request.id} ${request.attempt}`
    const { headers, redelivered } = request.delivery
    const known = Number(headers["x-delivery-count"] ?? (redelivered ? 1 : 0)) || 0
    const before = Math.max(known, this.counts.get(key) ?? 0)
    request.mayReturn = before < request.options.redeliveryLimit
    if (request.mayReturn) this.counts.set(key, before + 1)
    else this.counts.delete(key)
  }
}

const isFatal = (outcome: Outcome): boolean =>
  outcome._tag === "Failure" ? outcome.isTimeout === true : outcome._tag === "Lost" && outcome.why === "Crashed"

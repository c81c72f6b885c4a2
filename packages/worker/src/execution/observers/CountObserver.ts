/**
 * Counts what becomes of requests: `WorkerState`'s figures.
 *
 * @since 0.1.0
 */
import type { State } from "../../state/WorkerState.ts"
import type { Outcome } from "../../trace/Outcome.ts"
import type { RequestObserver } from "../RequestObserver.ts"

/** Into this state. */
export const make = (state: State): RequestObserver => ({
  started: (request) => state.count(request.task ?? request.name),
  ended: (_request, outcome, _now, instead) => {
    if (instead !== undefined) add(state, instead, -1)
    add(state, outcome, 1)
  }
})

const add = (state: State, outcome: Outcome, by: number): void => {
  switch (outcome._tag) {
    case "Success":
      state.succeeded += by
      return
    case "Failure":
    case "Unregistered":
    case "Invalid":
    case "Damaged":
    case "Refused":
    case "Broken":
      state.failed += by
      return
  }
}

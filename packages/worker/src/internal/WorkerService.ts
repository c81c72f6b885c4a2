/** What a worker is to the program that runs it. */
import type * as Bootstep from "@celeriac/bootsteps/Bootstep"
import type { BootstepError } from "@celeriac/bootsteps/BootstepError"
import type { StepStatus } from "@celeriac/bootsteps/LiveGraph"
import type * as StopReason from "@celeriac/bootsteps/StopReason"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { State } from "../state/WorkerState.ts"

/** A worker that is up. */
export class Worker extends Context.Service<Worker, {
  /** `celery@host`. */
  readonly nodename: string
  readonly state: State
  /** Asks it to stop warm. It is done when `awaitShutdown` succeeds. */
  readonly shutdown: Effect.Effect<void>
  /** Asks it to stop cold. */
  readonly terminate: Effect.Effect<void>
  /** Succeeds when the worker has stopped because it was asked to; fails with what stopped it otherwise. */
  readonly awaitShutdown: Effect.Effect<StopReason.Shutdown | StopReason.Terminate, BootstepError>
  /** Celery's `inspect stats`: `total`, `pid` and `uptime` (in seconds), and what the steps tell. */
  readonly info: Effect.Effect<Bootstep.Info>
  /** Every step of both blueprints in boot order: its state, when it started, how often again. */
  readonly steps: Effect.Effect<ReadonlyArray<StepStatus>>
  /** The same as a picture: a table to read, or a Mermaid flowchart. */
  readonly drawing: (format: "text" | "mermaid") => Effect.Effect<string>
}>()("@celeriac/worker/Worker") {}

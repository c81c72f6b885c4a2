/** How a step, a timed call or a handler asks for the end of the worker: Celery's `SystemExit`. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/worker/state/WorkerExit"

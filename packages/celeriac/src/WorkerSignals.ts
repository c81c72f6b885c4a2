/** Celery's signals of a worker, as effects. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/worker/state/WorkerSignals"

/** What a worker is doing and has done: Celery's `worker.state`. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/worker/state/WorkerState"

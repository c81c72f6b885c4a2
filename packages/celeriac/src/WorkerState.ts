/** What a worker is doing and has done: Celery's `worker.state`. */
export * from "@celeriac/worker/state/WorkerState"

/** How a worker was set up: its name, its concurrency, its queues. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/worker/state/WorkerSettings"

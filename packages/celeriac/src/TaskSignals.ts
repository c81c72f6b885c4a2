/** Celery's signals of tasks, as effects. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/worker/execution/TaskSignals"

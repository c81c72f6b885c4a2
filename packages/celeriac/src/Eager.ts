/** Runs tasks where they are called, at once, in this process: what Celery calls `apply`. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/Eager"

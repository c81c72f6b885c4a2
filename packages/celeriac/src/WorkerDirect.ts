/** The queue of one worker, by its name. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/WorkerDirect"

/** What a sender holds of a task: its id, and the way to its result. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/AsyncResult"

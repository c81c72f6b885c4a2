/** What a handler says is to become of its task: a retry, nothing, a refused message. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/TaskPredicate"

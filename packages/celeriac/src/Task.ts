/** A task's definition: name, parameters, result and errors, shared by both ends of a queue. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/Task"

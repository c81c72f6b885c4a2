/** Why a task could not be sent. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/TaskError"

/** PENDING, STARTED, SUCCESS and the others. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/TaskState"

/** The tasks that this process can run, by name. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/TaskRegistry"

/** The task that is being run, for whoever is called by its handler. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/TaskContext"

/** All that an application's clients and workers declare and keep, by its settings. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/TaskTopology"

/** Functions around the run of a task. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/Middleware"

/** Sends tasks and gives hold of their results. */
export * from "@celeriac/tasks/Client"
export {} from "./internal/RequiredNode.ts"

/** Sends tasks and gives hold of their results. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/Client"

/** Asks the workers of a cluster, and tells them. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/control/RemoteControl"

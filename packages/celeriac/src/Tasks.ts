/** The step that consumes tasks, to require. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/worker/consumer/Tasks"

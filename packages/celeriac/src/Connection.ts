/** The connection that this round of the Consumer blueprint lives with, as a step to require. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/worker/consumer/Connection"

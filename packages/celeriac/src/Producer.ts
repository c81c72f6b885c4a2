/** Publishes messages, over a connection that heals itself. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/messaging/Producer"

/** Declares exchanges, queues and bindings. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/messaging/Topology"

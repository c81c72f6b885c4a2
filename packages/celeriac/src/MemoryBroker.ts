/** The broker inside the process, to look at and to share. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/messaging/transports/MemoryBroker"

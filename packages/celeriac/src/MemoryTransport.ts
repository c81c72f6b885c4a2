/** The transport to a broker inside the process. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/messaging/transports/MemoryTransport"

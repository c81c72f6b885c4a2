/** The seam between messaging and brokers: connections, channels, deliveries. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/messaging/Transport"

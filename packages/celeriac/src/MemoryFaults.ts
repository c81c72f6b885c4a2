/** Makes the broker inside the process fail, on purpose. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/messaging/transports/MemoryFaults"

/** Reads queues and hands each message to your code. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/messaging/Consumer"

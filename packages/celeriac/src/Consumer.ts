/** Reads queues and hands each message to your code. */
export * from "@celeriac/messaging/Consumer"

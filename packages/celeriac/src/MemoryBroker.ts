/** The broker inside the process, to look at and to share. */
export * from "@celeriac/messaging/transports/MemoryBroker"

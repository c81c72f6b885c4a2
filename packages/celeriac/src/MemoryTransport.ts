/** The transport to a broker inside the process. */
export * from "@celeriac/messaging/transports/MemoryTransport"

/** Makes the broker inside the process fail, on purpose. */
export * from "@celeriac/messaging/transports/MemoryFaults"

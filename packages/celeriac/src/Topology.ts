/** Declares exchanges, queues and bindings. */
export * from "@celeriac/messaging/Topology"

/** Publishes messages, over a connection that heals itself. */
export * from "@celeriac/messaging/Producer"

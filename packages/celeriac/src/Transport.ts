/** The seam between messaging and brokers: connections, channels, deliveries. */
export * from "@celeriac/messaging/Transport"

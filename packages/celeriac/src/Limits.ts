/** Bounds on everything that is read from a broker. */
export * from "@celeriac/messaging/Limits"

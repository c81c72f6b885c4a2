/** Something of yours that lives with a connection. */
export * from "@celeriac/worker/consumer/Agent"

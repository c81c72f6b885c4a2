/** Asks the workers of a cluster, and tells them. */
export * from "@celeriac/tasks/control/RemoteControl"

/** The step that consumes tasks, to require. */
export * from "@celeriac/worker/consumer/Tasks"

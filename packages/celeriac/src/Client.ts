/** Sends tasks and gives hold of their results. */
export * from "@celeriac/tasks/Client"

/** The tasks that this process can run, by name. */
export * from "@celeriac/tasks/TaskRegistry"

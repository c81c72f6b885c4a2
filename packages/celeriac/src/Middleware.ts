/** Functions around the run of a task. */
export * from "@celeriac/tasks/Middleware"

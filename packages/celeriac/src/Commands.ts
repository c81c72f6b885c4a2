/** The commands that every worker knows. */
export * from "@celeriac/tasks/control/Commands"

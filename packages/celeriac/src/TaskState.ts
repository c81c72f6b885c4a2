/** PENDING, STARTED, SUCCESS and the others. */
export * from "@celeriac/tasks/TaskState"

/** Why a task could not be sent. */
export * from "@celeriac/tasks/TaskError"

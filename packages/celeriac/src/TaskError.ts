/** Why a task could not be sent, or its result not be had. */
export * from "@celeriac/tasks/TaskError"

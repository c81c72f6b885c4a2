/** A command of remote control as a value. */
export * from "@celeriac/tasks/control/Command"

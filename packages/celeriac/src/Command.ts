/** A command of remote control as a value. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/control/Command"

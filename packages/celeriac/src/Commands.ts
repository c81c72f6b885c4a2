/** The commands that every worker knows. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/control/Commands"

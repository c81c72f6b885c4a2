/** The results of several tasks, as one. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/GroupResult"

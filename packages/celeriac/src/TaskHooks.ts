/** Functions that are called as a task lives. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/TaskHooks"

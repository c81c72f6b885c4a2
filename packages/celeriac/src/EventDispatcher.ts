/** Sends monitoring events of a node. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/event/EventDispatcher"

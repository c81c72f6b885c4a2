/** Sends monitoring events of a node. */
export * from "@celeriac/tasks/event/EventDispatcher"

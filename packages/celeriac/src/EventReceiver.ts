/** Hears the monitoring events of others. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/event/EventReceiver"

/** Hears the monitoring events of others. */
export * from "@celeriac/tasks/event/EventReceiver"

/** Monitoring events: every type, with its fields. */
export * from "@celeriac/tasks/event/Event"

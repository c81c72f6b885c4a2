/** Monitoring events: every type, with its fields. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/event/Event"

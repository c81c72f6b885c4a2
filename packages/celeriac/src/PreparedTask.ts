/** Tasks that are ready to be sent and not sent: what an outbox keeps. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/PreparedTask"

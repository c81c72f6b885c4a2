/** Every way in which a messaging operation fails. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/messaging/MessagingError"

/** Every way in which a messaging operation fails. */
export * from "@celeriac/messaging/MessagingError"

/** A message: as it travels, as it is delivered, and as a consumer's callback sees it. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/messaging/IncomingMessage"
export * from "@celeriac/messaging/Message"

/** How bodies are made smaller: the interface, and the table of those in use. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/messaging/Compression"
export * from "@celeriac/messaging/Compressions"

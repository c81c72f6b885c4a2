/** How bodies are written: the interface, and the table of those in use. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/messaging/Serializer"
export * from "@celeriac/messaging/Serializers"

/** How bodies are written, by name. */
export * from "@celeriac/messaging/Serializer"

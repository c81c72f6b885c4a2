/** How bodies are made smaller, by name. */
export * from "@celeriac/messaging/Compression"

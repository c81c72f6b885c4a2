/** The step that introduces the node to the others, to require. */
export * from "@celeriac/worker/consumer/Mingle"

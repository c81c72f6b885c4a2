/** The step that introduces the node to the others, to require. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/worker/consumer/Mingle"

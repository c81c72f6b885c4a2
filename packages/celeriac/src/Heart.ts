/** The step that tells others that the node is there, to require. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/worker/consumer/Heart"

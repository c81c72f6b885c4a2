/** A step that consumes messages of your own. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/worker/consumer/ConsumerStep"

/** What can become of a message. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/worker/trace/Outcome"

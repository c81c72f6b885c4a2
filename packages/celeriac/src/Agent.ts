/** Something of yours that lives with a connection. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/worker/consumer/Agent"

/** The step through which events go to the broker, to require. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/worker/consumer/Events"

/** A worker, and the ways to start it. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/worker/Worker"

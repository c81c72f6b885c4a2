/** A worker, and the ways to start it. */
export * from "@celeriac/worker/Worker"
export {} from "./internal/RequiredNode.ts"

/** The boot graph of a worker that runs, with the state of each step. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/bootsteps/LiveGraph"

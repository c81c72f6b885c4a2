/** Is told what becomes of requests. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/worker/execution/RequestObserver"

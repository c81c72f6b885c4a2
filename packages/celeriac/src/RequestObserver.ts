/** Is told what becomes of requests. */
export * from "@celeriac/worker/execution/RequestObserver"

/** What is done with a request that has come in, and a rule of your own for it. */
export * from "@celeriac/worker/execution/Strategy"

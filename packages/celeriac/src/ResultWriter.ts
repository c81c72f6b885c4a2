/** Where a worker stores results. */
export * from "@celeriac/tasks/result/ResultWriter"

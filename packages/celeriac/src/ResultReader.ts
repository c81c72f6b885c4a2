/** Where a client hears of results. */
export * from "@celeriac/tasks/result/ResultReader"

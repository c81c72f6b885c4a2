/** What can go wrong with a result. */
export * from "@celeriac/tasks/result/ResultError"

/** The seam between tasks and wherever their results are kept. */
export * from "@celeriac/tasks/result/ResultBackend"

/** Wherever results are kept: three services in one layer. */
export * from "@celeriac/tasks/result/ResultBackend"

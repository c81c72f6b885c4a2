/** Results that nobody keeps. */
export * from "@celeriac/tasks/result/backends/DisabledBackend"

/** Results kept in this process. */
export * from "@celeriac/tasks/result/backends/MemoryBackend"

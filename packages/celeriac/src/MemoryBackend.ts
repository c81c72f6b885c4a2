/** Results kept in this process. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/result/backends/MemoryBackend"

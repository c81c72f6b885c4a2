/** Results that nobody keeps. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/result/backends/DisabledBackend"

/** Results sent to the client that asked: Celery's `rpc://`. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/result/backends/RpcBackend"

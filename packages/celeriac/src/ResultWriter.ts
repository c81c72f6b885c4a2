/** Where a worker stores results. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/result/ResultWriter"

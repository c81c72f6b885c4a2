/** Where a client hears of results. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/result/ResultReader"

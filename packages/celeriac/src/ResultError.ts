/** What can go wrong with a result. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/result/ResultError"

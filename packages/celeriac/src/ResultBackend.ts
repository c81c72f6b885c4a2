/** Wherever results are kept: three services in one layer. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/result/ResultBackend"

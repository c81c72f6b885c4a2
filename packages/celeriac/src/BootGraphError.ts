/** Steps that do not fit together. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/bootsteps/BootGraphError"

/** The switch that stops a running worker. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/bootsteps/Control"

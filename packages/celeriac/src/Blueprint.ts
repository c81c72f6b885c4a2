/** Bootsteps put together into one thing that boots, stops and can be drawn. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/bootsteps/Blueprint"

/** Watches boots and stops from outside. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/bootsteps/Observer"

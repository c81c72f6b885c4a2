/** A part of a worker that is started after what it requires, and stopped before it. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/bootsteps/Bootstep"

/** Options of a step, given where the worker is put together. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/bootsteps/StepOption"

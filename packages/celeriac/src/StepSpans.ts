/** A span for every start and stop of a step. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/bootsteps/StepSpans"

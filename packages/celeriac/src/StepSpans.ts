/** A span for every start and stop of a step. */
export * from "@celeriac/bootsteps/StepSpans"

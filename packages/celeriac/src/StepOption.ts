/** Options of a step, given where the worker is put together. */
export * from "@celeriac/bootsteps/StepOption"

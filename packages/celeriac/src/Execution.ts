/** The step that knows what runs, to require. */
export * from "@celeriac/worker/boot/Execution"

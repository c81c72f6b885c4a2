/** The step that runs tasks, to require. */
export * from "@celeriac/worker/boot/Pool"

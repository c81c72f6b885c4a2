/** Starts the worker anew when its program changes. */
export * from "@celeriac/worker/boot/Autoreloader"

/** Watches boots and stops from outside. */
export * from "@celeriac/bootsteps/Observer"

/** The switch that stops a running worker. */
export * from "@celeriac/bootsteps/Control"

/** A part of a worker that is started after what it requires, and stopped before it. */
export * from "@celeriac/bootsteps/Bootstep"

/** Bootsteps put together into one thing that boots, stops and can be drawn. */
export * from "@celeriac/bootsteps/Blueprint"

/** How long each step took to boot. */
export * from "@celeriac/bootsteps/BootTimeline"

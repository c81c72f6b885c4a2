/** Which step waits for which. */
export * from "@celeriac/bootsteps/BootGraph"

/** Which step failed, doing what, and why. */
export * from "@celeriac/bootsteps/BootstepError"

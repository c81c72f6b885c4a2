/** Which step failed, doing what, and why. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/bootsteps/BootstepError"

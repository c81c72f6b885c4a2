/** How long each step took to boot. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/bootsteps/BootTimeline"

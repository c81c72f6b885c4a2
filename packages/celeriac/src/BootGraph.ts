/** Which step waits for which. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/bootsteps/BootGraph"

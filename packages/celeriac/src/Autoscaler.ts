/** As many slots as there is work, between two bounds. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/worker/boot/Autoscaler"

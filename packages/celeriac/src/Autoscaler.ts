/** As many slots as there is work, between two bounds. */
export * from "@celeriac/worker/boot/Autoscaler"

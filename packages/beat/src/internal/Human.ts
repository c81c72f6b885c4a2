/** As Celery tells intervals: `1.50 minutes`, `now`; with a word before it where it is not now. */
export const human = (millis: number, prefix = ""): string => {
  const seconds = Math.round(millis / 10) / 100
  for (const [unit, size] of [["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]] as const) {
    if (seconds >= size) {
      const count = seconds / size
      return `${prefix}${count.toFixed(2)} ${unit}${count > 1 ? "s" : ""}`
    }
  }
  return "now"
}

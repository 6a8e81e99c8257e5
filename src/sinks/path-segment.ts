/**
 * A name as one segment of a URL's path, or null when it can be none: '' and dots would lead elsewhere, and names come
 * from telemetry.
 */
export function pathSegment(name: string): string | null {
  if (name === '' || name === '.' || name === '..') return null
  return encodeURIComponent(name.toWellFormed())
}

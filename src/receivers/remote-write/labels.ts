/**
 * Labels as places in the body that holds their texts, four numbers a label: name from, name to, value from, value to.
 * Names are compared by their bytes, as Prometheus does.
 */
export type Labels = number[]

const perLabel = 4
const nameLabel = '__name__'
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** What is wrong with a set of labels. */
export type LabelFault = 'no-metric-name' | 'empty-label-name' | 'duplicate-label' | 'not-utf8'

function compareNames(bytes: Uint8Array, labels: Labels, a: number, b: number): number {
  const fromA = labels[a]!
  const fromB = labels[b]!
  const lengthA = labels[a + 1]! - fromA
  const lengthB = labels[b + 1]! - fromB
  const common = Math.min(lengthA, lengthB)
  for (let index = 0; index < common; index++) {
    const difference = bytes[fromA + index]! - bytes[fromB + index]!
    if (difference !== 0) return difference
  }
  return lengthA - lengthB
}

/** Whether names ascend, each there once. */
export function isSorted(bytes: Uint8Array, labels: Labels): boolean {
  for (let at = perLabel; at < labels.length; at += perLabel) {
    if (compareNames(bytes, labels, at - perLabel, at) >= 0) return false
  }
  return true
}

/** The same labels in ascending order of their names, without those whose value is empty: that is having no such label. */
export function tidied(bytes: Uint8Array, labels: Labels): Labels {
  const starts: number[] = []
  for (let at = 0; at < labels.length; at += perLabel) if (labels[at + 2] !== labels[at + 3]) starts.push(at)
  starts.sort((a, b) => compareNames(bytes, labels, a, b))
  return starts.flatMap((at) => labels.slice(at, at + perLabel))
}

/** Whether a label has an empty value. */
export function hasEmptyValue(labels: Labels): boolean {
  for (let at = 0; at < labels.length; at += perLabel) if (labels[at + 2] === labels[at + 3]) return true
  return false
}

/** Whether the bytes from `from` to `to` are UTF-8. */
export type IsUtf8 = (from: number, to: number) => boolean

/** The first fault of sorted labels; null when there is none. @param needsName a series has a `__name__`, an exemplar none. */
export function faultOf(bytes: Uint8Array, labels: Labels, needsName: boolean, isUtf8: IsUtf8): LabelFault | null {
  for (let at = 0; at < labels.length; at += perLabel) {
    if (labels[at] === labels[at + 1]) return 'empty-label-name'
    if (at > 0 && compareNames(bytes, labels, at - perLabel, at) === 0) return 'duplicate-label'
    if (!isUtf8(labels[at]!, labels[at + 1]!) || !isUtf8(labels[at + 2]!, labels[at + 3]!)) return 'not-utf8'
  }
  return needsName && nameIndex(bytes, labels) === -1 ? 'no-metric-name' : null
}

/** Where the metric's name stands in the labels; -1 without one. */
export function nameIndex(bytes: Uint8Array, labels: Labels): number {
  for (let at = 0; at < labels.length; at += perLabel) {
    if (
      endsWith(bytes, labels[at]!, labels[at + 1]!, nameLabel) &&
      labels[at + 1]! - labels[at]! === nameLabel.length
    ) {
      return at
    }
  }
  return -1
}

/** Whether the bytes from `from` to `to` end with an ASCII text. */
export function endsWith(bytes: Uint8Array, from: number, to: number, ending: string): boolean {
  const start = to - ending.length
  if (start < from) return false
  for (let index = 0; index < ending.length; index++) {
    if (bytes[start + index] !== ending.charCodeAt(index)) return false
  }
  return true
}

/** Labels for people, as PromQL writes them; long ones are cut. */
export function labelsText(bytes: Uint8Array, labels: Labels): string {
  const text = (from: number, to: number) => JSON.stringify(new TextDecoder().decode(bytes.subarray(from, to)))
  const parts: string[] = []
  for (let at = 0; at < labels.length; at += perLabel) {
    parts.push(`${text(labels[at]!, labels[at + 1]!)}=${text(labels[at + 2]!, labels[at + 3]!)}`)
  }
  const all = `{${parts.join(', ')}}`
  return all.length > 200 ? `${all.slice(0, 200)}…` : all
}

/** Whether the bytes are UTF-8; nearly all are ASCII, which needs no decoder. */
export function isUtf8(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    if (bytes[at]! < 0x80) continue
    try {
      utf8.decode(bytes.subarray(at, to))
      return true
    } catch {
      return false
    }
  }
  return true
}

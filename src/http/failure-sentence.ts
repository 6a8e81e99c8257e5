type Known = { readonly [Field in 'expected' | 'got' | 'where']?: string | undefined }

/** One line for a sender of telemetry: the detail, what was expected, what came, and where, as far as they are known. */
export function failureSentence(detail: string, { expected, got, where }: Known): string {
  const parts = [expected && `expected ${expected}`, got && `got ${got}`, where]
  return [detail, parts.filter(Boolean).join(', ')].filter((part) => part !== '').join(' ')
}

/**
 * A text without what may be a password in the URLs of it: all before the last `@`, since people write passwords with
 * `@` and `/` in them, and the query. Takes time in proportion to the text, which may be anybody's.
 */
export function hideCredentials(text: string): string {
  return text.replaceAll(/\S+/g, (word) => {
    const start = word.indexOf('//') + 2
    if (start === 1) return word
    const at = word.lastIndexOf('@')
    const place = at < start ? word : `${word.slice(0, start)}[redacted]${word.slice(at)}`
    const query = place.indexOf('?', start)
    return query === -1 ? place : `${place.slice(0, query)}?[redacted]`
  })
}

/**
 * Where a system lies, for logs and errors: scheme, host and path of a URL, or the directory of `chdb:`. Nothing of any
 * other text, which may be a URL that was written wrongly, with its password anywhere.
 */
export function placeOfUrl(url: string): string {
  if (url.startsWith('chdb:')) return url
  const { protocol, host, pathname } = URL.canParse(url) ? new URL(url) : { protocol: '', host: '', pathname: '' }
  return host === '' ? 'no URL with a host' : `${protocol}//${host}${pathname}`
}

/** What an exception is told by; texts that the sender did not set are ''. */
export type ThrownException = { readonly type: string; readonly message: string; readonly stacktrace: string }

/** The types of the chain of causes, the innermost first, and the frames that tell one place from another. */
export type ExceptionFingerprint = { readonly types: readonly string[]; readonly frames: readonly string[] }

const mostFrames = 8
const mostForeignFrames = 3
const mostTypes = 4
/** So much of a trace is read: the innermost cause of a longer one is told by its beginning. */
const mostLines = 400
/** So much of a line names a frame; a hostile one must not keep the patterns busy. */
const mostOfLine = 500

/** Frames of runtimes and frameworks: they stand in every trace, and say nothing about the place. */
const foreign =
  /^(?:java|javax|jakarta|jdk|sun|com\.sun|kotlin|kotlinx|scala|clojure|groovy|org\.(?:springframework|apache|hibernate|eclipse|jboss|junit)|io\.(?:netty|grpc|micrometer|opentelemetry|reactivex)|reactor|feign|System|Microsoft|runtime|net\/http|google\.golang\.org|internal)[./]/
const foreignPath =
  /node_modules|^node:|internal\/|site-packages|dist-packages|lib\/python|<frozen|\/usr\/lib|\/vendor\/|\/gems\//

type Frame = { readonly name: string; readonly isForeign: boolean }
type Section = { readonly types: string[]; readonly frames: Frame[] }

const typeLine =
  /^(?:Caused by: |Exception in thread "[^"]*" |Uncaught |Unhandled exception\. |panic: |Traceback.*|-+> )?((?:[A-Za-z_$][\w$]*[.:\\]+)*[A-Za-z_$]?[\w$]*?(?:Error|Exception|Throwable|Fault|Failure|Interrupt|Exit|Warning|Panic)[\w$]*)\b/
const isCause = /^\s*(?:Caused by: |---> )/

/**
 * Which exception it is and where it was thrown, told so that the next release says the same: no line numbers, no
 * addresses, no numbers of lambdas, proxies and bundles, recursion folded, and of the frames the service's own; those of
 * the runtime only where there are no others. Reads the traces of the JVM, .NET, Node.js, browsers, Python, Go, Ruby and
 * PHP. Null: neither a type nor a frame.
 */
export function fingerprintException({ type, stacktrace }: ThrownException): ExceptionFingerprint | null {
  const sections = readTrace(stacktrace)
  const told = sections.flatMap(({ types }) => types).reverse()
  // The sender's own word comes last: it names the outermost, which a trace names first.
  const types = unique([...told, ...(type === '' ? [] : [cleanName(type)])]).slice(0, mostTypes)
  const innermost = sections.findLast(({ frames }) => frames.length > 0)?.frames ?? []
  const own = unfolded(innermost.filter(({ isForeign }) => !isForeign)).slice(0, mostFrames)
  const frames = own.length > 0 ? own : unfolded(innermost).slice(0, mostForeignFrames)
  return types.length === 0 && frames.length === 0 ? null : { types, frames }
}

/** Whether a text that came as a message holds a stack trace: a line that is a frame, after another line. */
export function holdsStackTrace(text: string): boolean {
  const end = text.indexOf('\n')
  if (end < 0) return false
  // White space of one line only: over the line ends it would be tried from each of thousands of empty lines.
  return /\n[^\S\n]+at \S|\n[^\S\n]+File "[^"\n]+", line \d+|\ngoroutine \d+ \[|\n[^\S\n]*from \S+:\d+:in |\n#\d+ .+\(\d+\)/.test(
    text,
  )
}

function readTrace(stacktrace: string): readonly Section[] {
  const lines = stacktrace.split('\n', mostLines).map((line) => line.slice(0, mostOfLine))
  if (lines.some((line) => line.startsWith('Traceback '))) return readPython(lines)
  const sections: Section[] = [{ types: [], frames: [] }]
  for (const [at, line] of lines.entries()) {
    if (isCause.test(line)) sections.push({ types: [], frames: [] })
    const section = sections.at(-1) as Section
    const frame = frameOf(line, lines[at + 1] ?? '')
    if (frame !== null) section.frames.push(frame)
    else if (section.types.length === 0 && section.frames.length === 0) {
      const named = typeLine.exec(line.trim())?.[1]
      if (named !== undefined) section.types.push(cleanName(named))
    }
  }
  return sections
}

/** The last call of a Python trace stands last, and the type after it; a cause stands before what it caused. */
function readPython(lines: readonly string[]): readonly Section[] {
  const sections: Section[] = []
  let frames: Frame[] = []
  for (const line of lines) {
    const [, path, name] = /^\s+File "([^"]+)", line \d+(?:, in (.+))?/.exec(line) ?? []
    if (path !== undefined) {
      frames.unshift({ name: `${stemOf(path)}.${cleanName(name ?? '')}`, isForeign: foreignPath.test(path) })
    } else if (frames.length > 0 && /^[A-Za-z_][\w.]*(?::|$)/.test(line)) {
      sections.unshift({ types: [cleanName(line.split(':', 1)[0] as string)], frames })
      frames = []
    }
  }
  return frames.length === 0 ? sections : [...sections, { types: [], frames }]
}

function frameOf(line: string, next: string): Frame | null {
  const at = /^\s+at (?:async )?(?:new )?(.+)$/.exec(line)?.[1]
  if (at !== undefined) return atFrame(at)
  const go = /^([\w./*()%-]+[\w)*])\((?:0x|\.\.\.|\{|\)|[\w"'])/.exec(line)?.[1]
  if (go !== undefined && /^\s+\/?\S+\.(?:go|s):\d+/.test(next)) return named(go, next.trim())
  const ruby = /^\s*(?:from )?([^\s:]+\.rb):\d+:in [`'](.+)'/.exec(line)
  if (ruby !== null) return named(`${stemOf(ruby[1] as string)}.${ruby[2]}`, ruby[1] as string)
  const php = /^#\d+ (.+)\(\d+\): ([\w\\:>-]+)\(/.exec(line)
  if (php !== null) return named(php[2] as string, php[1] as string)
  // Firefox and Safari: `pay@https://shop.example/app.3f2a.js:1:20`.
  const browser = /^([\w$.<>/]*)@(\S+):\d+:\d+$/.exec(line)
  return browser === null ? null : scriptFrame(browser[1] as string, browser[2] as string)
}

/** `com.shop.Pay.charge(Pay.java:12)`, `Shop.Pay.Charge(Int32 id) in /src/Pay.cs:line 12`, `pay (/app/pay.js:1:2)`. */
function atFrame(text: string): Frame {
  const script = /^(.*) \(([^()]*?)(?::\d+)*\)$/.exec(text)
  if (script !== null) return scriptFrame(script[1] as string, script[2] as string)
  const open = text.indexOf('(')
  if (open > 0) return named(text.slice(0, open).replace(/^[\w.@-]*\/+/, ''), text)
  return scriptFrame('', text.replace(/(?::\d+)+$/, ''))
}

function scriptFrame(name: string, path: string): Frame {
  const place = cleanName(name.replace(/ \[as .*\]$/, ''))
  const isForeign = foreignPath.test(path) || path === 'native' || path === '<anonymous>'
  return { name: `${stemOf(path)}.${place === '' ? 'anonymous' : place}`, isForeign }
}

function named(name: string, place: string): Frame {
  const cleaned = cleanName(name)
  return { name: cleaned, isForeign: foreign.test(cleaned) || foreignPath.test(place) }
}

/** A file's name without its folders, hash of the build, and endings. */
function stemOf(path: string): string {
  const file = path
    .replace(/[?#].*$/, '')
    .split(/[\\/]/)
    .at(-1) as string
  const parts = file.split('.')
  return parts
    .filter((part, at) => at === 0 || (at < parts.length - 1 && !/^(?=.*\d)[\w-]{4,}$/.test(part)))
    .join('.')
    .replace(/-(?=\w*\d)\w{6,}$/, '')
}

/** Without what a compiler or a proxy numbers anew each time. */
function cleanName(name: string): string {
  return name
    .trim()
    .replaceAll('\\', '.')
    .replace(/\$\$(?:Lambda|EnhancerBy\w+|FastClassBy\w+|SpringCGLIB|Proxy)[\w$/@]*/g, '$$$$')
    .replace(/\$Proxy\d+/g, '$Proxy')
    .replace(/lambda\$(\w+)\$\d+/g, 'lambda$$$1')
    .replace(/(?:GeneratedMethodAccessor|GeneratedConstructorAccessor)\d+/g, 'GeneratedMethodAccessor')
    .replace(/[/@](?:0x)?[0-9a-f]{6,}\b/gi, '')
    .replace(/\$\d+\b/g, '')
    .replace(/\.func\d+(?:\.\d+)*/g, '.func')
    .replace(/<>c__DisplayClass[\d_]+/g, '<>c')
    .replace(/`\d+/g, '')
    .replace(/[\s]+/g, '_')
}

/** Names without neighbours that say the same: a recursion is one frame however deep it went. */
function unfolded(frames: readonly Frame[]): string[] {
  const names: string[] = []
  for (const { name } of frames) if (names.at(-1) !== name) names.push(name)
  return names
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)].filter((value) => value !== '')
}

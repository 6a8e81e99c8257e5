/** Colours, type and space as custom properties, light and dark; every contrast is at least 4.5 (text) or 3 (marks). */
export const tokens = `:root {
  color-scheme: light dark;
  --bg: #fbfbfa; --surface: #fff; --sunken: #f3f4f5;
  --ink: #17202b; --ink-2: #465262; --ink-3: #667182; --line: #e5e8ec; --line-2: #cbd2da;
  --base: #6f86a3; --base-text: #4a617d; --base-wash: #6f86a333;
  --canary: #5a3fd0; --canary-text: #4b32b8; --canary-wash: #5a3fd02e; --canary-deep: #5a3fd052;
  --promote: #0f7350; --promote-text: #0f7350; --promote-fill: #0f7350; --promote-on: #fff;
  --hold: #b87a00; --hold-text: #7d5300; --hold-fill: #f0b429; --hold-on: #17202b; --hold-wash: #f0b42918;
  --rollback: #a51d13; --rollback-text: #a51d13; --rollback-fill: #a51d13; --rollback-on: #fff; --rollback-wash: #a51d130f;
  --link: #1f5fae;
  --sans: -apple-system, BlinkMacSystemFont, "Segoe UI", Inter, Roboto, system-ui, "Helvetica Neue", Arial, sans-serif;
  --mono: ui-monospace, SFMono-Regular, "Cascadia Mono", "JetBrains Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  --gutter: 24px;
}
@media (prefers-color-scheme: dark) {
  :root {
    --bg: #0f1216; --surface: #161a20; --sunken: #1c2129;
    --ink: #e7ebf0; --ink-2: #a8b3c0; --ink-3: #8491a0; --line: #262c35; --line-2: #3a434f;
    --base: #8099b8; --base-text: #9fb4ce; --base-wash: #8099b833;
    --canary: #ab98ff; --canary-text: #bbabff; --canary-wash: #ab98ff33; --canary-deep: #ab98ff5c;
    --promote: #66d1a5; --promote-text: #66d1a5; --promote-fill: #66d1a5; --promote-on: #0f1216;
    --hold: #e8bb5c; --hold-text: #e8bb5c; --hold-fill: #e8bb5c; --hold-on: #0f1216; --hold-wash: #e8bb5c14;
    --rollback: #f2685c; --rollback-text: #ff8d82; --rollback-fill: #f2685c; --rollback-on: #0f1216; --rollback-wash: #f2685c12;
    --link: #8ab8f5;
  }
}
@media print {
  :root {
    color-scheme: light;
    --bg: #fff; --surface: #fff; --sunken: #f6f6f6; --ink: #000; --ink-2: #333; --ink-3: #555; --line: #ddd; --line-2: #bbb;
    --base: #6f86a3; --base-text: #4a617d; --base-wash: #6f86a333; --canary: #5a3fd0; --canary-text: #4b32b8; --canary-wash: #5a3fd02e;
    --promote: #0f7350; --promote-text: #0f7350; --promote-fill: #0f7350; --promote-on: #fff;
    --hold: #b87a00; --hold-text: #7d5300; --hold-fill: #f0b429; --hold-on: #17202b; --hold-wash: #f0b42918;
    --rollback: #a51d13; --rollback-text: #a51d13; --rollback-fill: #a51d13; --rollback-on: #fff; --rollback-wash: #a51d130f;
    --link: #000; --gutter: 10px;
  }
}
`

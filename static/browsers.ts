/**
 * The oldest browsers that the page works in, as esbuild names them: `:has()` in styles asks for Firefox 121, `dvh` for
 * Chrome 108, `:has()` and dialogs for Safari 15.4. `docs/browsers.md` names them for readers.
 */
export const BROWSERS = ['chrome108', 'edge108', 'firefox121', 'safari15.4', 'ios15.4']

/** What these browsers lack, as a built script would use it. esbuild translates syntax, but adds no functions. */
export const TOO_NEW: readonly RegExp[] = [
  /\bURL\.(canParse|parse)\b/,
  /\bAbortSignal\.(timeout|any)\b/,
  /\.(toSorted|toReversed|toSpliced|isWellFormed|toWellFormed|checkVisibility|togglePopover|showPopover|setHTMLUnsafe)\(/,
  /\b(Object|Map)\.groupBy\b/,
  /\bPromise\.(withResolvers|try)\b/,
  /\bArray\.fromAsync\b/,
  /\bIterator\.from\b/,
  /\bIntl\.(DurationFormat|Segmenter)\b/,
  /\bnew (CompressionStream|Navigation|ViewTransition)\b/,
  /\bcrypto\.randomUUID\b/,
  /\bcookieStore\b/,
  /\brequestIdleCallback\b/,
]

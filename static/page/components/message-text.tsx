import { lazy } from './lazy.js'
import { PlainText } from './plain-text.js'

/** Stacked combining marks, which can cover the lines around them. Only such texts are clipped: a clip is costly. */
const STACKED = /\p{M}{3}/u
/** What markup or an address cannot be without. */
const FORMATTED = /[*_`@]|~~|\]\(|:\/\/|www\.|^(?:>| *(?:-|\d{1,3}[.)]) )/im

/** Loaded as early as possible, because messages are what the page shows first. */
export const FormattedText = lazy(
  () => import('./formatted-text.js').then(script => script.FormattedText),
  // Until the script is there, what was typed.
  PlainText,
)

/** A message's text. It is only ever inserted as text, never as HTML; its markup and addresses become elements. */
export function MessageText({ text }: { text: string }) {
  return (
    <div class={STACKED.test(text) ? 'text stacked' : 'text'} dir="auto">
      {FORMATTED.test(text) ? <FormattedText text={text} /> : <PlainText text={text} />}
    </div>
  )
}

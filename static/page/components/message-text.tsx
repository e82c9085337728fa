import { lazy } from './lazy.js'
import { MentionsContext, type MentionsOf, PlainText } from './plain-text.js'

/** Stacked combining marks, which can cover the lines around them. Only such texts are clipped: a clip is costly. */
const STACKED = /\p{M}{3}/u
/** What markup or an address cannot be without. */
const FORMATTED = /[*_`@＠]|~~|\]\(|:\/\/|www\.|^(?:>| *(?:-|\d{1,3}[.)]) )/im

/** Loaded as early as possible, because messages are what the page shows first. */
export const FormattedText = lazy(
  () => import('./formatted-text.js').then(script => script.FormattedText),
  // Until the script is there, what was typed.
  PlainText,
)

/** A message's text. It is only ever inserted as text, never as HTML; its markup and addresses become elements. */
export function MessageText({ text, by }: { text: string; by?: MentionsOf }) {
  return (
    <div class={STACKED.test(text) ? 'text stacked' : 'text'} dir="auto">
      {FORMATTED.test(text) ? (
        <MentionsContext.Provider value={by ?? {}}>
          <FormattedText text={text} />
        </MentionsContext.Provider>
      ) : (
        <PlainText text={text} />
      )}
    </div>
  )
}

import { linkParts } from '../text/links.js'

/** What somebody wrote, as text: nothing in it becomes markup, and addresses can be followed. */
export function Text({ text }: { text: string }) {
  return (
    <p class="text" dir="auto">
      {linkParts(text).map((part, index) =>
        part.href === undefined ? (
          part.text
        ) : (
          <a key={index} href={part.href} target="_blank" rel="noopener noreferrer">
            {part.text}
          </a>
        ),
      )}
    </p>
  )
}

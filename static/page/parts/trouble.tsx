import { IconButton } from './icon-button.js'
import { useApp, useSelected, useWords } from './use.js'

/** What went wrong and belongs to no field. */
export function Trouble() {
  const app = useApp()
  const words = useWords()
  const trouble = useSelected('trouble')
  return (
    <div class="trouble-place" role="alert">
      {trouble && (
        <p class="trouble">
          <span>{trouble}</span>
          <IconButton icon="close" label={words.close} onClick={app.forget} />
        </p>
      )}
    </div>
  )
}

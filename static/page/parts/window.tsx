import type { ComponentChildren } from 'preact'
import { useId, useLayoutEffect, useRef } from 'preact/hooks'
import { IconButton } from './icon-button.js'
import { useApp, useWords } from './use.js'

/** A dialog above the page; the browser keeps the focus in it and closes it with Escape. */
export function Window({ title, children }: { title: string; children: ComponentChildren }) {
  const app = useApp()
  const words = useWords()
  const element = useRef<HTMLDialogElement>(null)
  const id = useId()
  useLayoutEffect(() => {
    const shown = element.current
    shown?.showModal()
    // Gives the focus back to what had it before.
    return () => shown?.close()
  }, [])
  const close = () => app.dialog(null)
  return (
    // Not `close`, which comes later: by then another dialog may be open.
    <dialog ref={element} class="window" aria-labelledby={id} onCancel={close}>
      <header>
        <h2 id={id}>{title}</h2>
        <IconButton icon="close" label={words.close} onClick={close} />
      </header>
      {children}
    </dialog>
  )
}

import type { ComponentChildren } from 'preact'
import { useId, useLayoutEffect, useRef } from 'preact/hooks'
import { useAccount, useTexts } from './hooks.js'
import { IconButton } from './icon-button.js'

/** A modal dialog. The browser keeps the focus inside and closes it with Escape. */
export function Dialog({ title, children }: { title: string; children: ComponentChildren }) {
  const account = useAccount()
  const texts = useTexts()
  const element = useRef<HTMLDialogElement>(null)
  const id = useId()
  useLayoutEffect(() => {
    const shown = element.current
    shown?.showModal()
    // Closing returns the focus to the element that had it before.
    return () => shown?.close()
  }, [])
  const close = () => account.showDialog(null)
  return (
    // Not the `close` event, which comes later: by then another dialog may be open.
    <dialog ref={element} class="dialog" aria-labelledby={id} onCancel={close}>
      <header>
        <h2 id={id}>{title}</h2>
        <IconButton icon="close" label={texts.close} onClick={close} />
      </header>
      {children}
    </dialog>
  )
}

import type { ComponentChildren } from 'preact'
import { useId, useLayoutEffect, useRef } from 'preact/hooks'
import { useAccount, useTexts } from './hooks.js'
import { IconButton } from './icon-button.js'

interface Props {
  title: string
  class?: string
  children: ComponentChildren
}

/** A modal dialog. The browser keeps the focus inside and closes it with Escape. */
export function Dialog({ title, class: more = '', children }: Props) {
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
    <dialog ref={element} class={`dialog ${more}`} aria-labelledby={id} onCancel={close}>
      <h2 id={id}>{title}</h2>
      {children}
      <IconButton icon="close" label={texts.close} onClick={close} />
    </dialog>
  )
}

import { useEffect, useRef, useState } from 'preact/hooks'
import type { Translation } from '../i18n/index.js'
import { Field } from './field.js'
import { useOwnTexts } from './hooks.js'

const en = {
  once: 'Copy it now: it won’t be shown again.',
  copy: 'Copy',
  copied: 'Copied.',
}
const ko: Translation<typeof en> = {
  once: '지금만 볼 수 있으니 복사해 두세요.',
  copy: '복사',
  copied: '복사했어요.',
}

/** A new link, the only time that it is shown. */
export function LinkOnce({ label, link }: { label: string; link: string }) {
  const own = useOwnTexts({ en, ko })
  const [copied, setCopied] = useState(false)
  const field = useRef<HTMLInputElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => button.current?.focus(), [])
  async function copy() {
    field.current?.select()
    // Without TLS the browser has no clipboard: the link is selected, for the keys.
    await navigator.clipboard?.writeText(link)
    setCopied(navigator.clipboard !== undefined)
  }
  return (
    <div class="link-once">
      <Field label={label} hint={own.once}>
        {attributes => (
          <span>
            <input
              {...attributes}
              ref={field}
              readOnly
              dir="ltr"
              value={link}
              onFocus={event => event.currentTarget.select()}
            />
            <button type="button" class="primary" autofocus ref={button} onClick={copy}>
              {own.copy}
            </button>
          </span>
        )}
      </Field>
      <p class="note" role="status">
        {copied && own.copied}
      </p>
    </div>
  )
}

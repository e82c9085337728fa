import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'

interface Props {
  label: string
  hint?: string | undefined
  error?: string | null | undefined
  children: (attributes: { id: string; 'aria-describedby': string; 'aria-invalid': boolean }) => ComponentChildren
}

/** A label, a field, and below it the error or a hint. */
export function Field({ label, hint, error, children }: Props) {
  const id = useId()
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, 'aria-describedby': `${id}-note`, 'aria-invalid': Boolean(error) })}
      <p id={`${id}-note`} class={error ? 'note error' : 'note'} role={error ? 'alert' : undefined}>
        {error || hint}
      </p>
    </div>
  )
}

import type { ComponentChildren } from 'preact'
import { useRef } from 'preact/hooks'
import { Icon, type IconName } from './icon.js'

interface Props {
  label: string
  /** It opens upwards. */
  up?: boolean
  children: ComponentChildren
}

/** A button with a menu: arrow keys move between the rows, Escape and a choice close it. */
export function Menu({ label, up = false, children }: Props) {
  const menu = useRef<HTMLDetailsElement>(null)
  function close() {
    menu.current?.removeAttribute('open')
  }
  function keyDown(event: KeyboardEvent) {
    if (!menu.current?.open) return
    if (event.key === 'Escape') {
      event.stopPropagation()
      close()
      menu.current.querySelector('summary')?.focus()
    }
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
    if ((event.target as Element).matches('select')) return
    event.preventDefault()
    const rows = [...menu.current.querySelectorAll<HTMLElement>('button, select')]
    const from = rows.indexOf(event.target as HTMLElement)
    rows.at(event.key === 'ArrowDown' ? (from + 1) % rows.length : from < 0 ? -1 : from - 1)?.focus()
  }
  return (
    <details
      class={up ? 'menu up' : 'menu'}
      ref={menu}
      onKeyDown={keyDown}
      onClick={event => (event.target as Element).closest('.menu-items button') && close()}
      onFocusOut={event => {
        if (!menu.current?.contains(event.relatedTarget as Node | null)) close()
      }}
      onToggle={() =>
        menu.current?.open && menu.current.querySelector('.menu-items')?.scrollIntoView({ block: 'nearest' })
      }
    >
      <summary class="icon-button" aria-label={label} title={label}>
        <Icon name="more" />
      </summary>
      <div class="menu-items">{children}</div>
    </details>
  )
}

interface ItemProps {
  icon: IconName
  label: string
  danger?: boolean
  onClick: () => void
}

export function MenuItem({ icon, label, danger = false, onClick }: ItemProps) {
  return (
    <button type="button" class={danger ? 'menu-item danger' : 'menu-item'} onClick={onClick}>
      <Icon name={icon} />
      {label}
    </button>
  )
}

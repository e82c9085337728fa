import { Icon, type IconName } from './icon.js'

interface Props {
  icon: IconName
  label: string
  onClick: () => void
  pressed?: boolean
  tabIndex?: number
  class?: string
}

export function IconButton({ icon, label, onClick, pressed, tabIndex, class: more = '' }: Props) {
  return (
    <button
      type="button"
      class={`icon-button ${more}`}
      aria-label={label}
      title={label}
      aria-pressed={pressed}
      tabIndex={tabIndex}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  )
}

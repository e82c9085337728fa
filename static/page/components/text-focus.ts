/** Whether the user is typing in a field: nothing may take the focus then, for the next key is meant for the field. */
export const hasTextFocus = (focused: Element | null = document.activeElement): boolean =>
  focused?.matches('input, textarea, select') ?? false

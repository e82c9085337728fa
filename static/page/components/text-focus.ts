/** Whether a field has the focus: nothing that comes by itself may take it, for the next key is meant for the field. */
export const hasTextFocus = (focused: Element | null = document.activeElement): boolean =>
  focused?.matches('input, textarea, select') ?? false
